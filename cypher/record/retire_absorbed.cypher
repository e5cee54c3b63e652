// Turns absorbed customers into MergedCustomer, so that their ids keep resolving.
//
// Parameters
//   rows  LIST<MAP{id: STRING, into: STRING, merge: STRING, reason: STRING, message: STRING}>
//         in the order of the merges; into: alive at that moment
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (gone:Customer {id: row.id})
MATCH (into:Customer {id: row.into})
OPTIONAL MATCH (gone)-[member:IN_SEGMENT]->()
WITH row, gone, into, collect(member) AS members
FOREACH (member IN members | DELETE member)
CREATE (gone)-[:MERGED_INTO {merge: row.merge, at: $now, reason: row.reason, message: row.message}]->(into)
SET gone = {id: gone.id, createdAt: gone.createdAt}, gone:MergedCustomer
REMOVE gone:Customer
