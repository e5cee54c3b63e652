// A merge, as undoing it needs it: the two sides as they were, and who holds them now.
//
// Parameters
//   id  STRING  mrg_...
// Columns, one row when the merge is known
//   undone    BOOLEAN
//   customer  STRING        the live customer; null when the merge no longer stands
//   absorbed  LIST<STRING>  keys that came with the merge and are still the live customer's
//   stayed    LIST<STRING>  keys that the survivor had before, and are still the live customer's
//   kept      LIST<STRING>  keys that the live customer had before it got any of the others
MATCH (m:Merge {id: $id})
OPTIONAL MATCH (gone:MergedCustomer {id: m.absorbed})-[own:MERGED_INTO {merge: m.id}]->(next)
OPTIONAL MATCH (next)-[later:MERGED_INTO*0..]->(c:Customer)
WITH m, gone, own, c, last(coalesce(later, [])) AS hop
RETURN m.undoneAt IS NOT NULL AS undone, c.id AS customer,
       COLLECT {
         MATCH (gone)<-[past:IDENTIFIED]-(i:Identifier)-[:IDENTIFIES]->(c)
         WHERE past.merge = m.id
         RETURN i.key
       } AS absorbed,
       COLLECT {
         MATCH (s:Customer|MergedCustomer {id: m.survivor})<-[held:IDENTIFIES|IDENTIFIED]-(i:Identifier)
         // A clause of its own: in one pattern the two could not be the same relationship.
         MATCH (i)-[:IDENTIFIES]->(c)
         WHERE held.since < m.at AND (held.until IS NULL OR held.until >= m.at)
         RETURN DISTINCT i.key
       } AS stayed,
       COLLECT {
         MATCH (i:Identifier)-[held:IDENTIFIES]->(c)
         WHERE held.since < coalesce(hop.at, own.at)
         RETURN i.key
       } AS kept
