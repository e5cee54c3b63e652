// Jobs that resolve the graph and are not over, oldest first.
//
// Parameters: none
// Columns, one row for each job
//   id  STRING
MATCH (j:Job {kind: 'RESOLUTION'})
WHERE j.status IN ['QUEUED', 'RUNNING']
RETURN j.id AS id ORDER BY id
