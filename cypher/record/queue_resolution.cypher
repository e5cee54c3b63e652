// Queues the job that resolves the graph by a version of the rules; it takes the place of unfinished older ones.
//
// Parameters
//   id       STRING    job_...
//   version  INTEGER   of the rules
//   failure  STRING    why older ones will not be finished
//   now      DATETIME
// Columns: none
OPTIONAL MATCH (older:Job {kind: 'RESOLUTION'})
WHERE older.status IN ['QUEUED', 'RUNNING']
WITH collect(older) AS unfinished
FOREACH (job IN unfinished | SET job.status = 'FAILED', job.failure = $failure, job.finishedAt = $now)
CREATE (:Job {
  id: $id, kind: 'RESOLUTION', status: 'QUEUED', version: $version, done: 0, merges: 0, splits: 0, startedAt: $now,
  updatedAt: $now
})
