// Deletes a destination.
//
// Parameters
//   id    STRING
// Columns, one row when there was such a destination
//   gone  STRING  its id
MATCH (d:Destination {id: $id})
WITH d, d.id AS gone
DELETE d
RETURN gone
