// Ends all evidence of identifiers that move alone to another customer.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{key: STRING, at: DATETIME}>
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (:Identifier {key: row.key})-[l:LINKED]-()
WHERE l.endedAt IS NULL
SET l.endedAt = row.at, l.endedBy = 'last_login'
