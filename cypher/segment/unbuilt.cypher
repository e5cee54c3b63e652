// Which versions of segments a job builds that is not over.
//
// Parameters: none
// Columns, one row for each job
//   request  STRING  JSON
// Reads all jobs, which are few.
MATCH (j:Job {kind: 'SEGMENT'})
WHERE j.status IN ['QUEUED', 'RUNNING']
RETURN j.request AS request
