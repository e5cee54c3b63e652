// Locks customers in the order of their ids.
//
// Parameters
//   ids  LIST<STRING>  cus_..., ascending
// Columns: none
UNWIND $ids AS id
MATCH (c:Customer {id: id})
REMOVE c.lock
