// Which of these customers were merged away.
//
// Parameters
//   ids  LIST<STRING>  cus_...
// Columns, one row for each of them
//   id  STRING
UNWIND $ids AS id
MATCH (c:MergedCustomer {id: id})
RETURN c.id AS id
