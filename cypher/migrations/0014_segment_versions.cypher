// What a segment was after each edit, and how many members it had.
//
// A SegmentVersion is the whole of it after one edit, by the number that the segment had
// then. A SegmentDay holds one number for each hour of a day in UTC. Segments that are
// there already begin with what they are now.

CREATE CONSTRAINT segment_version IF NOT EXISTS FOR (v:SegmentVersion) REQUIRE (v.segment, v.number) IS UNIQUE;
CREATE CONSTRAINT segment_day IF NOT EXISTS FOR (d:SegmentDay) REQUIRE (d.segment, d.day) IS UNIQUE;
CREATE INDEX segment_status IF NOT EXISTS FOR (s:Segment) ON (s.status);
MATCH (s:Segment)
MERGE (v:SegmentVersion {segment: s.id, number: s.version})
ON CREATE SET v.at = s.updatedAt, v.action = 'KEPT', v.changed = [], v.name = s.name, v.description = s.description,
              v.rule = s.rule, v.ruleText = s.ruleText,
              v.status = CASE s.status WHEN 'BUILDING' THEN 'LIVE' ELSE s.status END;
