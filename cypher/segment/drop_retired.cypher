// Removes retired segments that nobody is in or waits for, with their versions and sizes.
//
// Parameters: none
// Columns: none
// Reads by the unique indexes on SegmentDay(segment, day) and SegmentVersion(segment, number).
MATCH (s:RetiredSegment)
WHERE NOT EXISTS { (s)<-[:IN_SEGMENT|DUE|WAS_IN]-() }
CALL (s) {
  MATCH (d:SegmentDay)
  WHERE d.segment = s.id AND d.day >= ''
  DELETE d
}
CALL (s) {
  MATCH (v:SegmentVersion)
  WHERE v.segment = s.id AND v.number > 0
  DELETE v
}
DELETE s
