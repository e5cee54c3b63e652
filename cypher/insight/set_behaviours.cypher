// Keeps how customers behave.
//
// Parameters
//   rows  LIST<MAP{id: STRING, vector: LIST<FLOAT>, facts: LIST<INTEGER>}>  null vector: nothing is known that tells
//         the customer from others
// Columns: none
// Reads by the unique index on Customer(id).
UNWIND $rows AS row
MATCH (c:Customer {id: row.id})
SET c.behaviour = row.vector, c.facts = row.facts
