// Edits a destination; whoever delivers for it begins anew.
//
// Parameters
//   id          STRING
//   properties  MAP       a property of null is removed
//   now         DATETIME
// Columns, one row when there is such a destination
//   id          STRING
MATCH (d:Destination {id: $id})
SET d += $properties, d.version = d.version + 1, d.updatedAt = $now
RETURN d.id AS id
