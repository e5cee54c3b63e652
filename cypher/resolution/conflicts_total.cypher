// How much refused evidence is open.
//
// Parameters: none
// Columns, one row
//   total  INTEGER
MATCH (c:Conflict)
WHERE c.status = 'OPEN'
RETURN count(c) AS total
