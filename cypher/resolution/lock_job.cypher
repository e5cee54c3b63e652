// Locks a job, and reads where it stands.
//
// Parameters
//   id  STRING
// Columns, one row when there is such a job
//   status, phase, cursor   STRING    phase, cursor: null before it began
//   version                 INTEGER   of the rules
//   done, total             INTEGER   total: null before it began
//   merges, splits          INTEGER
//   lease                   DATETIME  until when somebody runs it; null for nobody
//   failure                 STRING    null for none
MATCH (j:Job {id: $id})
REMOVE j.lock
WITH j
RETURN j.status AS status, j.phase AS phase, j.cursor AS cursor, j.version AS version, j.done AS done,
       j.total AS total, j.merges AS merges, j.splits AS splits, j.leaseUntil AS lease, j.failure AS failure
