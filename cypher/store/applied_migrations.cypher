// The migrations that this graph has had.
//
// Parameters: none
// Columns, one row for each, by number
//   number  INTEGER
//   sha256  STRING   of the statements that were applied
MATCH (m:Migration) WHERE m.number > 0
RETURN m.number AS number, m.sha256 AS sha256 ORDER BY number
