// Makes customers.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{id: STRING, at: DATETIME}>
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
CREATE (:Customer {id: row.id, createdAt: row.at, updatedAt: $now, traits: '{}', traitTimes: '{}'})
