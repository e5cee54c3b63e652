// Takes customers out of segments.
//
// Parameters
//   moves  LIST<MAP>  of customer: STRING, cus_..., and segment: STRING, seg_..., by segment, then customer
// Columns, one row for each who left, by segment, then customer; none for a segment that was just deleted
//   customer  STRING
//   segment   STRING
UNWIND $moves AS move
MATCH (c:Customer {id: move.customer})-[member:IN_SEGMENT]->(s:Segment {id: move.segment})
DELETE member
RETURN move.customer AS customer, move.segment AS segment
