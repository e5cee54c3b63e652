// All ids that lead to the live customer behind one, its own included.
//
// Parameters
//   id  STRING  of a live or a merged customer
// Columns, one row
//   ids  LIST<STRING>  none when nobody is behind it
OPTIONAL MATCH (own:Customer {id: $id})
OPTIONAL MATCH (:MergedCustomer {id: $id})-[:MERGED_INTO*1..]->(behind:Customer)
WITH coalesce(own, behind) AS c
RETURN CASE WHEN c IS NULL THEN [] ELSE [c.id] + COLLECT {
  MATCH (m:MergedCustomer)-[:MERGED_INTO*1..]->(c)
  RETURN m.id
} END AS ids
