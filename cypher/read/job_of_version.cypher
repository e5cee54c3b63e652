// The latest job that resolves by a version of the rules.
//
// Parameters
//   version  INTEGER
// Columns, one row; none when there is no such job
//   id       STRING
MATCH (j:Job {kind: 'RESOLUTION'})
WHERE j.version = $version
RETURN j.id AS id ORDER BY id DESC LIMIT 1
