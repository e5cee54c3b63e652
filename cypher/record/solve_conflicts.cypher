// Closes open conflicts whose evidence was accepted after all.
//
// Parameters
//   rows  LIST<MAP{pair: STRING}>  two keys with a line break between, the smaller first
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (c:Conflict {pair: row.pair})
WHERE c.status = 'OPEN'
SET c.status = 'SOLVED', c.decidedAt = $now
