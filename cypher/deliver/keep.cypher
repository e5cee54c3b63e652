// Keeps what became of changes at a destination.
//
// Parameters
//   deliveries  LIST<MAP{id: STRING, properties: MAP}>  a property of null is removed
// Columns: none
// Finds each by the unique index on Delivery(id).
UNWIND $deliveries AS told
MERGE (d:Delivery {id: told.id})
SET d += told.properties
