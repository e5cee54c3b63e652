// Jobs of a kind that are not over, oldest first.
//
// Parameters
//   kind  STRING
// Columns, one row for each job
//   id  STRING
// Reads all jobs, which are few.
MATCH (j:Job {kind: $kind})
WHERE j.status IN ['QUEUED', 'RUNNING']
RETURN j.id AS id ORDER BY id
