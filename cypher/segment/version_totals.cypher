// How many versions of segments are kept.
//
// Parameters
//   ids  LIST<STRING>  seg_...
// Columns, one row for each segment
//   id     STRING
//   total  INTEGER
// Reads by the unique index on SegmentVersion(segment, number); there are few.
UNWIND $ids AS wanted
RETURN wanted AS id, COUNT { MATCH (v:SegmentVersion) WHERE v.segment = wanted AND v.number > 0 } AS total
