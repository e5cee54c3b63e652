// Deletes the log of customers that are gone.
//
// Parameters
//   ids  LIST<STRING>  of customers
// Columns: none
UNWIND $ids AS id
OPTIONAL MATCH (m:Merge) WHERE m.survivor = id OR m.absorbed = id
OPTIONAL MATCH (s:Split {part: id})
DETACH DELETE m, s
