// Puts customers into a segment.
//
// Parameters
//   segment  STRING        seg_...
//   ids      LIST<STRING>  cus_..., ascending
//   now      DATETIME
// Columns: none
MATCH (s:Segment {id: $segment})
UNWIND $ids AS id
MATCH (c:Customer {id: id})
MERGE (c)-[member:IN_SEGMENT]->(s)
ON CREATE SET member.since = $now
