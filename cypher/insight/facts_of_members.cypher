// How many members of each segment have each fact, of some members as in of_members.
//
// Parameters
//   ids      LIST<STRING>  seg_...
//   limit    INTEGER       members of each
// Columns, one row for each segment that has members of whom facts are known
//   segment  STRING        seg_...
//   members  INTEGER       how many were looked at
//   size     INTEGER       how many members there are
//   facts    LIST<LIST<INTEGER>>  fact, how many have it
// Reads by the unique index on Segment(id), and the members.
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
CALL (s) {
  MATCH (s)<-[:IN_SEGMENT]-(c:Customer)
  WHERE c.facts IS NOT NULL
  WITH c ORDER BY reverse(c.id) LIMIT $limit
  WITH collect(c.facts) AS each
  CALL (each) {
    UNWIND each AS of_one
    UNWIND of_one AS fact
    WITH fact, count(*) AS times
    RETURN collect([fact, times]) AS facts
  }
  RETURN size(each) AS members, facts
}
WITH s, members, facts WHERE members > 0
RETURN s.id AS segment, members, COUNT { (s)<-[:IN_SEGMENT]-() } AS size, facts
