// Keeps a new destination, unless there is one with this id.
//
// Parameters
//   id          STRING
//   properties  MAP       type, name, url, filter, enabled, cursor, secret
//   now         DATETIME
// Columns: none
MERGE (d:Destination {id: $id})
ON CREATE SET d += $properties, d.version = 1, d.createdAt = $now, d.updatedAt = $now
