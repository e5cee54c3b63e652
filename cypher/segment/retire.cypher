// Takes a segment out of sight at once; its members are taken out of it afterwards.
//
// See `segment/definitions`: there is another edition now.
//
// Parameters
//   id  STRING  seg_...
// Columns: none
MATCH (s:Segment {id: $id})
REMOVE s:Segment
SET s:RetiredSegment
WITH s
MERGE (e:SegmentEdition {name: 'segments'})
SET e.id = randomUUID()
