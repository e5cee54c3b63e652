// Takes customers out of a segment.
//
// Parameters
//   segment  STRING        seg_...
//   ids      LIST<STRING>  cus_..., ascending
// Columns, one row for each who left; none when the segment was just deleted
//   id  STRING
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[member:IN_SEGMENT]->(s:Segment {id: $segment})
DELETE member
RETURN id
