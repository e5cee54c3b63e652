// Puts customers into segments.
//
// Parameters
//   batch  MAP{moves: LIST<MAP{customer: STRING, cus_..., segment: STRING, seg_...}>}  by segment, then customer;
//          why a map: `record/write_batch`
//   now    DATETIME
// Columns, one row for each who is in now, by segment, then customer; none for a segment that was just deleted
//   customer  STRING
//   segment   STRING
UNWIND $batch.moves AS move
MATCH (s:Segment {id: move.segment})
MATCH (c:Customer {id: move.customer})
MERGE (c)-[member:IN_SEGMENT]->(s)
ON CREATE SET member.since = $now
RETURN c.id AS customer, s.id AS segment
