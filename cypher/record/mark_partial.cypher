// Marks messages of which claims were left out that other rules may take.
//
// Parameters
//   rows  LIST<MAP{id: STRING}>  message ids
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
OPTIONAL MATCH (e:Event {id: row.id})
OPTIONAL MATCH (s:Statement {id: row.id})
WITH coalesce(e, s) AS message
SET message:Partial
