// Sets properties of a segment.
//
// See `segment/definitions`: there is another edition now.
//
// Parameters
//   id          STRING    seg_...
//   properties  MAP       a property of null is removed
//   now         DATETIME
// Columns: none
MATCH (s:Segment {id: $id})
SET s += $properties, s.updatedAt = $now
WITH s
MERGE (e:SegmentEdition {name: 'segments'})
SET e.id = randomUUID()
