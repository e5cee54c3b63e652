// Sets properties that no import file can hold.
//
// Parameters
//   rows  LIST<MAP{label: STRING, id: STRING, properties: MAP}>  label: Customer, Event or Statement
// Columns: none
UNWIND $rows AS row
OPTIONAL MATCH (c:Customer {id: row.id}) WHERE row.label = 'Customer'
OPTIONAL MATCH (e:Event {id: row.id}) WHERE row.label = 'Event'
OPTIONAL MATCH (s:Statement {id: row.id}) WHERE row.label = 'Statement'
WITH coalesce(c, e, s) AS found, row
WHERE found IS NOT NULL
SET found += row.properties
