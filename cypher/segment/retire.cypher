// Takes a segment out of sight at once; its members are taken out of it afterwards.
//
// Parameters
//   id  STRING  seg_...
// Columns: none
MATCH (s:Segment {id: $id})
REMOVE s:Segment
SET s:RetiredSegment
