// Sets properties of a job.
//
// Parameters
//   id          STRING
//   properties  MAP       a property of null is removed
//   now         DATETIME
// Columns: none
MATCH (j:Job {id: $id})
SET j += $properties, j.updatedAt = $now
