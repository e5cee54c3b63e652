// Takes customers out of segments, and keeps that they were in. Of the stays of a customer in a segment the newest
// are kept.
//
// Parameters
//   batch  MAP{moves: LIST<MAP{customer: STRING, cus_..., segment: STRING, seg_...}>}  by segment, then customer;
//          why a map: `record/write_batch`
//   now    DATETIME
//   kept   INTEGER   stays
// Columns, one row for each who left, by segment, then customer; none for a segment that was just deleted
//   customer  STRING
//   segment   STRING
UNWIND $batch.moves AS move
MATCH (c:Customer {id: move.customer})-[member:IN_SEGMENT]->(s:Segment {id: move.segment})
CREATE (c)-[:WAS_IN {since: member.since, until: $now}]->(s)
DELETE member
WITH move, c, s
CALL (c, s) {
  MATCH (c)-[was:WAS_IN]->(s)
  WITH was ORDER BY was.until DESC SKIP $kept
  DELETE was
}
RETURN move.customer AS customer, move.segment AS segment
