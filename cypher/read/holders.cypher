// Whose each identifier is.
//
// Parameters
//   keys  LIST<STRING>  kind:value
// Columns, one row for each identifier that is held, in no order
//   key          STRING
//   customer_id  STRING
// Reads by the unique index on Identifier(key).
UNWIND $keys AS wanted
MATCH (i:Identifier {key: wanted})-[:IDENTIFIES]->(c:Customer)
RETURN i.key AS key, c.id AS customer_id
