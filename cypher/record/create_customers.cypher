// Makes customers.
//
// Parameters
//   rows  LIST<MAP{id: STRING}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (:Customer {id: row.id, createdAt: $now, updatedAt: $now, traits: '{}', traitTimes: '{}'})
