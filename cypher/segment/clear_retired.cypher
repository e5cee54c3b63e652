// Takes members out of retired segments, so many at a time.
//
// Parameters
//   limit  INTEGER
// Columns, one row for each who left; none when nobody is left in any
//   customer      STRING
//   segment, key  STRING  of the segment
MATCH (s:RetiredSegment)<-[member:IN_SEGMENT]-(c:Customer)
WITH s, c, member LIMIT $limit
DELETE member
RETURN c.id AS customer, s.id AS segment, s.key AS key
ORDER BY segment, customer
