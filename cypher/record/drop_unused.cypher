// Removes identifiers that were made for a message which then was recorded without them.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{key: STRING}>
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (i:Identifier {key: row.key})
WHERE NOT EXISTS { (i)-[:IDENTIFIES]->() }
DELETE i
