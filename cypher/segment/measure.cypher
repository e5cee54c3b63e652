// Keeps how many members each segment has, for one hour. Nothing is written where the number stands already.
//
// Parameters
//   day   STRING   such as 2026-03-31, in UTC
//   hour  INTEGER  0..23
// Columns: none
// Answered by the degree that the database keeps of each node, and by the unique index on
// SegmentDay(segment, day). Whoever measures at the same moment meets the same node, and waits: removing
// a property takes the node's write lock, whether or not it is there.
MATCH (s:Segment)
WHERE s.status IN ['BUILDING', 'LIVE', 'PAUSED']
WITH s, COUNT { (s)<-[:IN_SEGMENT]-() } AS size
WHERE NOT EXISTS { MATCH (d:SegmentDay {segment: s.id, day: $day}) WHERE d.sizes[$hour] = size }
WITH s, size ORDER BY s.id
MERGE (d:SegmentDay {segment: s.id, day: $day})
ON CREATE SET d.sizes = [hour IN range(0, 23) | -1]
REMOVE d.lock
WITH d, size
SET d.sizes = [hour IN range(0, 23) | CASE WHEN hour = $hour THEN size ELSE d.sizes[hour] END]
