// Other customers who had identifiers that are about to be erased: their traits may have come from those.
//
// Parameters
//   id    STRING        of the customer to be erased
//   keys  LIST<STRING>  of its identifiers
// Columns, one row for each id that such a customer has or had
//   id  STRING
MATCH (own:Customer {id: $id})
UNWIND $keys AS key
MATCH (:Identifier {key: key})-[:IDENTIFIED]->(other)
WHERE other <> own AND NOT EXISTS { (other)-[:MERGED_INTO*1..]->(own) }
WITH DISTINCT other
OPTIONAL MATCH (past:PastId)-[:OF]->(other)
WITH other.id AS now, collect(past.id) AS before
UNWIND [now] + before AS id
RETURN DISTINCT id
