// Who had an identifier at a moment.
//
// Parameters
//   key  STRING    kind:value
//   at   DATETIME
// Columns, one row; none when nobody had it then
//   customer_id  STRING  as the customer was called at that moment
// Reads by the unique index on Identifier(key).
MATCH (i:Identifier {key: $key})-[held:IDENTIFIES|IDENTIFIED]->(owner)
WHERE held.since <= $at AND (held.until IS NULL OR held.until > $at)
OPTIONAL MATCH (past:PastId)-[:OF]->(owner)
WHERE past.since <= $at AND past.until > $at
RETURN coalesce(past.id, owner.id) AS customer_id LIMIT 1
