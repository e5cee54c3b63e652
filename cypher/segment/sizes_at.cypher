// How many members segments had at a past time.
//
// Parameters
//   ids  LIST<STRING>  seg_...
//   at   DATETIME
// Columns, one row for each segment that is there
//   id     STRING
//   total  INTEGER
// Reads all stays in the segments.
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
CALL (s) {
  MATCH (s)<-[member:IN_SEGMENT|WAS_IN]-(c:Customer)
  WHERE member.since <= $at AND coalesce(member.until > $at, true)
  RETURN count(DISTINCT c) AS total
}
RETURN s.id AS id, total
