// Makes a segment without members.
//
// See `segment/definitions`: there is another edition now.
//
// Parameters
//   properties  MAP       id, key, name, description, kind, status, rule, ruleText, version
//   now         DATETIME
// Columns: none
CREATE (s:Segment)
SET s = $properties, s.createdAt = $now, s.updatedAt = $now
WITH s
MERGE (e:SegmentEdition {name: 'segments'})
SET e.id = randomUUID()
