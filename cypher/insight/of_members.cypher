// How some members of each segment behave, the same ones each time.
//
// The ends of ids are random, so in their order members are chosen by chance.
//
// Parameters
//   ids      LIST<STRING>  seg_...
//   limit    INTEGER       members of each
// Columns, one row for each member of whom it is known
//   segment  STRING        seg_...
//   vector   LIST<FLOAT>
//   facts    LIST<INTEGER>
// Reads by the unique index on Segment(id), and the members.
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
CALL (s) {
  MATCH (s)<-[:IN_SEGMENT]-(c:Customer)
  WHERE c.behaviour IS NOT NULL
  WITH c ORDER BY reverse(c.id) LIMIT $limit
  RETURN c.behaviour AS vector, c.facts AS facts
}
RETURN s.id AS segment, vector, facts
