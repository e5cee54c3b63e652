// Lets go of sizes that are older than they are kept.
//
// Parameters
//   before  STRING   days before this one, such as 2026-03-31
//   limit   INTEGER  how many at a time
// Columns, one row
//   gone  INTEGER
// Reads by the unique index on SegmentDay(segment, day).
MATCH (s:Segment)
MATCH (d:SegmentDay)
WHERE d.segment = s.id AND d.day < $before
WITH d LIMIT $limit
DELETE d
RETURN count(*) AS gone
