// Deletes refused messages that were taken when they were tried again.
//
// Parameters
//   ids  LIST<STRING>  rej_...
// Columns: none
UNWIND $ids AS taken
MATCH (r:Rejected {id: taken})
DELETE r
