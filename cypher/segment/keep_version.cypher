// Keeps what a segment is after an edit, and lets go of the version that is one too many.
//
// Parameters
//   id       STRING        seg_...
//   action   STRING        what the edit was
//   changed  LIST<STRING>  what became different by it
//   by       STRING        who edited
//   by_name  STRING        what they are called; null for nothing
//   kept     INTEGER       how many versions are kept
// Columns: none
// Reads by the unique index on SegmentVersion(segment, number).
MATCH (s:Segment {id: $id})
CREATE (v:SegmentVersion {segment: s.id, number: s.version})
SET v.at = s.updatedAt, v.action = $action, v.changed = $changed, v.by = $by, v.byName = $by_name,
    v.name = s.name, v.description = s.description, v.rule = s.rule, v.ruleText = s.ruleText,
    v.status = CASE s.status WHEN 'BUILDING' THEN 'LIVE' ELSE s.status END
WITH v
OPTIONAL MATCH (old:SegmentVersion {segment: v.segment, number: v.number - $kept})
DELETE old
