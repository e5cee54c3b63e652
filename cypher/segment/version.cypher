// One version of a segment.
//
// Parameters
//   segment  STRING   seg_...
//   number   INTEGER
// Columns, one row if it is kept
//   name         STRING
//   description  STRING  null for none
//   rule         STRING  JSON of the condition
// Reads by the unique index on SegmentVersion(segment, number).
MATCH (v:SegmentVersion {segment: $segment, number: $number})
RETURN v.name AS name, v.description AS description, v.rule AS rule
