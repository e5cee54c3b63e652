// Takes members out of retired segments, so many at a time.
//
// Parameters
//   limit  INTEGER
// Columns, one row
//   cleared  INTEGER  0 when nobody is left in any
MATCH (:RetiredSegment)<-[member:IN_SEGMENT]-()
WITH member LIMIT $limit
DELETE member
RETURN count(member) AS cleared
