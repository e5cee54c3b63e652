// How many live customers there are.
//
// Parameters: none
// Columns, one row
//   total  INTEGER
// Answered by the database's own counter.
MATCH (c:Customer)
RETURN count(c) AS total
