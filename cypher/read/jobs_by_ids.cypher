// Jobs by id.
//
// Parameters
//   ids  LIST<STRING>  job_...
// Columns, one row for each job, in no order
//   id, kind, status     STRING
//   version              INTEGER   of the rules
//   phase                STRING    null before it started
//   done                 INTEGER
//   total                INTEGER   null before it is known
//   merges, splits       INTEGER
//   started, finished    DATETIME  finished: null before
//   failure              STRING    null for none
UNWIND $ids AS wanted
MATCH (j:Job {id: wanted})
RETURN j.id AS id, j.kind AS kind, j.status AS status, j.version AS version, j.phase AS phase, j.done AS done,
       j.total AS total, j.merges AS merges, j.splits AS splits, j.startedAt AS started, j.finishedAt AS finished,
       j.failure AS failure
