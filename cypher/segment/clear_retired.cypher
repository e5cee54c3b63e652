// Takes members out of deleted and archived segments, so many at a time.
//
// Of an archived segment it is kept who was in it. It is locked and looked at again, since it may be restored meanwhile.
// Removing a property takes the node's write lock, whether or not it is there.
//
// Parameters
//   limit  INTEGER
//   now    DATETIME
// Columns, one row for each who left; none when nobody is left in any
//   customer      STRING
//   segment, key  STRING  of the segment
// Reads archived segments by the index on Segment(status).
CALL () {
  MATCH (s:RetiredSegment)
  RETURN s
  UNION
  MATCH (s:Segment {status: 'ARCHIVED'})
  WHERE EXISTS { (s)<-[:IN_SEGMENT]-() }
  REMOVE s.lock
  WITH s WHERE s.status = 'ARCHIVED'
  RETURN s
}
MATCH (s)<-[member:IN_SEGMENT]-(c:Customer)
WITH s, c, member LIMIT $limit
FOREACH (_ IN CASE WHEN s:Segment THEN [1] ELSE [] END |
  CREATE (c)-[:WAS_IN {since: member.since, until: $now}]->(s)
)
DELETE member
RETURN c.id AS customer, s.id AS segment, s.key AS key
ORDER BY segment, customer
