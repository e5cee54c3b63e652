// Lets the node of a bigger customer live on under the id of the smaller one that survives it.
//
// So a merge relinks the identifiers of the smaller side. Runs before the other
// writes of the merge; after it each id is found on the other's node, and what a
// node was called before is kept as PastId.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{survivor: STRING, absorbed: STRING, at: DATETIME}>  of live customers, each in one row at most
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (small:Customer {id: row.survivor})
MATCH (big:Customer {id: row.absorbed})
WITH row, small, big, small.createdAt AS survivorCreated, big.createdAt AS absorbedCreated,
     coalesce(COLLECT { MATCH (p:PastId)-[:OF]->(small) RETURN p.until ORDER BY p.until DESC LIMIT 1 }[0],
              small.createdAt) AS smallSince,
     coalesce(COLLECT { MATCH (p:PastId)-[:OF]->(big) RETURN p.until ORDER BY p.until DESC LIMIT 1 }[0],
              big.createdAt) AS bigSince
CREATE (:PastId {id: row.survivor, since: smallSince, until: row.at})-[:OF]->(small)
CREATE (:PastId {id: row.absorbed, since: bigSince, until: row.at})-[:OF]->(big)
REMOVE small.id
SET big.id = row.survivor, big.createdAt = survivorCreated
SET small.id = row.absorbed, small.createdAt = absorbedCreated
WITH row, small, big
CALL (row, big) {
  MATCH (big)-[member:IN_SEGMENT]->(segment)
  CREATE (big)-[:WAS_IN {since: member.since, until: row.at}]->(segment)
  DELETE member
}
CALL (small, big) {
  MATCH (small)-[member:IN_SEGMENT]->(segment)
  CREATE (big)-[:IN_SEGMENT {since: member.since}]->(segment)
  DELETE member
}
