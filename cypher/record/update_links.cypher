// Sets properties of evidence that is there.
//
// Parameters
//   rows  LIST<MAP{one: STRING, other: STRING, id: STRING, properties: MAP}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (:Identifier {key: row.one})-[l:LINKED]->(:Identifier {key: row.other})
WHERE l.id = row.id
SET l += row.properties
