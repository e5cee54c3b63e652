// Puts customers into a segment.
//
// Parameters
//   segment  STRING        seg_...
//   ids      LIST<STRING>  cus_..., ascending
//   now      DATETIME
// Columns, one row for each who is in it now; none when the segment was just deleted
//   id  STRING
MATCH (s:Segment {id: $segment})
UNWIND $ids AS id
MATCH (c:Customer {id: id})
MERGE (c)-[member:IN_SEGMENT]->(s)
ON CREATE SET member.since = $now
RETURN c.id AS id
