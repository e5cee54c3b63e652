// How many pieces of evidence there are around each customer.
//
// Parameters
//   ids    LIST<STRING>  cus_...
//   ended  BOOLEAN       also those that no longer count
// Columns, one row for each customer, in no order
//   id     STRING
//   total  INTEGER
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)
  WHERE $ended OR l.endedAt IS NULL
  RETURN count(DISTINCT l) AS total
}
RETURN c.id AS id, total
