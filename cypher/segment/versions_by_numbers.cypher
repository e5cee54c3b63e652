// Versions of segments by their numbers.
//
// Parameters
//   keys  LIST<STRING>  seg_...:number
// Columns, one row for each that is kept
//   key  STRING  as given; the others as in versions_first
// Reads by the unique index on SegmentVersion(segment, number).
UNWIND $keys AS key
WITH key, split(key, ':') AS parts
MATCH (v:SegmentVersion {segment: parts[0], number: toInteger(parts[1])})
RETURN key, v.segment AS segment, v.number AS number, v.at AS at, v.by AS by, v.byName AS by_name, v.action AS action,
       v.changed AS changed, v.name AS name, v.description AS description, v.rule AS rule, v.ruleText AS rule_text,
       v.status AS status
