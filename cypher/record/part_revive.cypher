// Lets merged customers live again under their ids; their merges are marked as undone.
//
// Parameters
//   ids  LIST<STRING>  of MergedCustomer
//   now  DATETIME
// Columns: none
UNWIND $ids AS id
MATCH (c:MergedCustomer {id: id})-[merged:MERGED_INTO]->()
MATCH (merge:Merge {id: merged.merge})
SET merge.undoneAt = $now, c:Customer, c.updatedAt = $now, c.traits = '{}', c.traitTimes = '{}'
REMOVE c:MergedCustomer
DELETE merged
