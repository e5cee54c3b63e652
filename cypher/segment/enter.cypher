// Puts customers into segments.
//
// Parameters
//   moves  LIST<MAP>  of customer: STRING, cus_..., and segment: STRING, seg_..., by segment, then customer
//   now    DATETIME
// Columns, one row for each who is in now, by segment, then customer; none for a segment that was just deleted
//   customer  STRING
//   segment   STRING
UNWIND $moves AS move
MATCH (s:Segment {id: move.segment})
MATCH (c:Customer {id: move.customer})
MERGE (c)-[member:IN_SEGMENT]->(s)
ON CREATE SET member.since = $now
RETURN c.id AS customer, s.id AS segment
