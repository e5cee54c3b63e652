// Takes away who is to be looked at again for retired segments, and who was in them, so many at a time.
//
// Parameters
//   limit  INTEGER
// Columns, one row
//   cleared  INTEGER
MATCH (:RetiredSegment)<-[kept:DUE|WAS_IN]-()
WITH kept LIMIT $limit
DELETE kept
RETURN count(*) AS cleared
