// Queues a job.
//
// Parameters
//   properties  MAP       id, kind; of a request its JSON; what the kind needs
//   now         DATETIME
// Columns: none
CREATE (j:Job {status: 'QUEUED', done: 0, startedAt: $now, updatedAt: $now})
SET j += $properties
