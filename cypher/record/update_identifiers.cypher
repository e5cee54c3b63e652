// Sets properties of identifiers.
//
// Parameters
//   rows  LIST<MAP{key: STRING, properties: MAP}>  a property of null is removed
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
SET i += row.properties
