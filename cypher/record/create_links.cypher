// Makes evidence, from the smaller key to the greater.
//
// Parameters
//   rows  LIST<MAP{one: STRING, other: STRING, properties: MAP}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (one:Identifier {key: row.one})
MATCH (other:Identifier {key: row.other})
CREATE (one)-[l:LINKED]->(other)
SET l = row.properties
