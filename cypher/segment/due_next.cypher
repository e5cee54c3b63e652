// When somebody is to be looked at again next.
//
// Parameters: none
// Columns, one row; none when nobody waits
//   at  DATETIME
// Reads the first entry of the index on DUE(at).
MATCH ()-[due:DUE]->()
WHERE due.at IS NOT NULL
RETURN due.at AS at ORDER BY at LIMIT 1
