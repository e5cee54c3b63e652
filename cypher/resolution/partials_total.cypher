// Of how many messages claims were left out.
//
// Parameters: none
// Columns, one row
//   total  INTEGER
MATCH (p:Partial)
RETURN count(p) AS total
