// A page of members for each segment, counted from the list's start. The list goes from who entered last.
//
// Parameters
//   ids        LIST<STRING>  seg_...
//   after_at   DATETIME      starts after the member who entered then; null for none
//   after_id   STRING        and with this id
//   before_at  DATETIME      ends before the member who entered then; null for none
//   before_id  STRING        and with this id
//   limit      INTEGER       members for each segment
// Columns, one row for each member, by segment, nearest to the start first
//   segment_id   STRING
//   customer_id  STRING
//   since        DATETIME
//   until        DATETIME      when time alone may end it; null for never
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
CALL (s) {
  MATCH (s)<-[member:IN_SEGMENT]-(c:Customer)
  WHERE ($after_at IS NULL OR member.since < $after_at OR (member.since = $after_at AND c.id < $after_id))
    AND ($before_at IS NULL OR member.since > $before_at OR (member.since = $before_at AND c.id > $before_id))
  WITH s, c, c.id AS customer_id, member.since AS since
  ORDER BY since DESC, customer_id DESC LIMIT $limit
  RETURN customer_id, since, head(COLLECT { MATCH (c)-[due:DUE]->(s) RETURN due.at }) AS until
}
RETURN s.id AS segment_id, customer_id, since, until
