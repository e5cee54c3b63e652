// Makes customers.
//
// Parameters
//   rows  LIST<MAP{id: STRING, at: DATETIME}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (:Customer {id: row.id, createdAt: row.at, updatedAt: $now, traits: '{}', traitTimes: '{}'})
