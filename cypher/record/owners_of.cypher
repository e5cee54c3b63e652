// Whose identifiers are, without a lock.
//
// Parameters
//   keys  LIST<STRING>
// Columns, one row for each that somebody has
//   key       STRING
//   customer  STRING
UNWIND $keys AS key
MATCH (:Identifier {key: key})-[:IDENTIFIES]->(c:Customer)
RETURN key, c.id AS customer
