// The live customer that a merge led to.
//
// Parameters
//   id        STRING  mrg_...
// Columns, one row when the merge stands
//   customer  STRING
MATCH (m:Merge {id: $id})
MATCH (:MergedCustomer {id: m.absorbed})-[:MERGED_INTO {merge: m.id}]->(next)
MATCH (next)-[:MERGED_INTO*0..]->(c:Customer)
RETURN c.id AS customer
