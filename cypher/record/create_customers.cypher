// Makes customers.
//
// Parameters
//   rows  LIST<MAP{id: STRING, createdAt: DATETIME}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (:Customer {id: row.id, createdAt: row.createdAt, updatedAt: $now})
