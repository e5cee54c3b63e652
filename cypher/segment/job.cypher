// The latest job that computes the members of a segment and is not over.
//
// Parameters
//   segment  STRING  seg_...
// Columns, one row; none when there is no such job
//   id  STRING
// Reads all jobs, which are few.
MATCH (j:Job {kind: 'SEGMENT'})
WHERE j.segment = $segment AND j.status IN ['QUEUED', 'RUNNING']
RETURN j.id AS id ORDER BY id DESC LIMIT 1
