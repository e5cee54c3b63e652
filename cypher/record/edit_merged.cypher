// The live customer that a merge led to, locked.
//
// Parameters
//   id        STRING  mrg_...
// Columns, one row when the merge stands
//   customer  STRING
MATCH (m:Merge {id: $id})
MATCH (:MergedCustomer {id: m.absorbed})-[:MERGED_INTO {merge: m.id}]->(next)
MATCH (next)-[:MERGED_INTO*0..]->(c:Customer)
REMOVE c.lock
RETURN c.id AS customer
