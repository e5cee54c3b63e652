// Sets properties of a destination.
//
// Parameters
//   id          STRING
//   properties  MAP      a property of null is removed
// Columns: none
MATCH (d:Destination {id: $id})
SET d += $properties
