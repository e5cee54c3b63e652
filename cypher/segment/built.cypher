// Says that a segment's members are complete, if they still are those of this version of its rule.
//
// See `segment/definitions`: there is another edition now.
//
// Parameters
//   id       STRING   seg_...
//   version  INTEGER
// Columns: none
MATCH (s:Segment {id: $id})
WHERE s.status = 'BUILDING' AND s.version = $version
SET s.status = 'LIVE'
WITH s
MERGE (e:SegmentEdition {name: 'segments'})
SET e.id = randomUUID()
