// How customers behave.
//
// Parameters
//   ids     LIST<STRING>
// Columns, one row for each customer of whom it is known
//   id      STRING
//   vector  LIST<FLOAT>
//   facts   LIST<INTEGER>
// Reads by the unique index on Customer(id).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
WHERE c.behaviour IS NOT NULL
RETURN c.id AS id, c.behaviour AS vector, c.facts AS facts
