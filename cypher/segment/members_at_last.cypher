// A page of those who were members at a past time for each segment, counted from the list's end. The list goes from who entered last.
//
// Parameters
//   ids        LIST<STRING>  seg_...
//   at         DATETIME
//   after_at   DATETIME      starts after the member who entered then; null for none
//   after_id   STRING        and with this id
//   before_at  DATETIME      ends before the member who entered then; null for none
//   before_id  STRING        and with this id
//   limit      INTEGER       members for each segment
// Columns, one row for each member, by segment, nearest to the end first
//   segment_id   STRING
//   customer_id  STRING
//   since        DATETIME
//   until        DATETIME      null: what is past does not end again
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
CALL (s) {
  MATCH (s)<-[member:IN_SEGMENT|WAS_IN]-(c:Customer)
  WHERE member.since <= $at AND coalesce(member.until > $at, true)
  WITH s, c, max(member.since) AS since
  WHERE ($after_at IS NULL OR since < $after_at OR (since = $after_at AND c.id < $after_id))
    AND ($before_at IS NULL OR since > $before_at OR (since = $before_at AND c.id > $before_id))
  WITH s, c, c.id AS customer_id, since
  ORDER BY since, customer_id LIMIT $limit
  RETURN customer_id, since
}
RETURN s.id AS segment_id, customer_id, since, null AS until
