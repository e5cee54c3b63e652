// Sets properties of a segment.
//
// Parameters
//   id          STRING    seg_...
//   properties  MAP       a property of null is removed
//   now         DATETIME
// Columns: none
MATCH (s:Segment {id: $id})
SET s += $properties, s.updatedAt = $now
