// Which customers were in a segment at a past time.
//
// Parameters
//   ids  LIST<STRING>  cus_...
//   key  STRING        of the segment
//   at   DATETIME
// Columns, one row for each of them
//   id  STRING
MATCH (s:Segment {key: $key})
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})-[member:IN_SEGMENT|WAS_IN]->(s)
WHERE member.since <= $at AND coalesce(member.until > $at, true)
RETURN DISTINCT c.id AS id
