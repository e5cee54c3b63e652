// Takes away that customers are to be looked at again for retired segments, so many at a time.
//
// Parameters
//   limit  INTEGER
// Columns, one row
//   cleared  INTEGER
MATCH (:RetiredSegment)<-[due:DUE]-()
WITH due LIMIT $limit
DELETE due
RETURN count(*) AS cleared
