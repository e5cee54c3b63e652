// Locks a job, and reads where it stands.
//
// Parameters
//   id  STRING
// Columns, one row when there is such a job
//   kind                    STRING
//   status, phase, cursor   STRING    phase, cursor: null before it began
//   version                 INTEGER   of the rules, of a resolution; null for other kinds
//   done, total             INTEGER   total: null before it began
//   merges, splits          INTEGER   of a resolution; 0 for other kinds
//   request, result         STRING    JSON: what was asked for, what it brought so far; null for nothing
//   lease                   DATETIME  until when somebody runs it; null for nobody
//   failure                 STRING    null for none
MATCH (j:Job {id: $id})
REMOVE j.lock
WITH j
RETURN j.kind AS kind, j.status AS status, j.phase AS phase, j.cursor AS cursor, j.version AS version, j.done AS done,
       j.total AS total, coalesce(j.merges, 0) AS merges, coalesce(j.splits, 0) AS splits, j.request AS request,
       j.result AS result, j.leaseUntil AS lease, j.failure AS failure
