// Jobs by id.
//
// Parameters
//   ids  LIST<STRING>  job_...
// Columns, one row for each job, in no order
//   id, kind, status     STRING
//   version              INTEGER   of the rules, of a resolution; 0 for other kinds
//   segment              STRING    seg_..., of a computation of members; null for other kinds
//   phase                STRING    null before it started
//   done                 INTEGER
//   total                INTEGER   null before it is known
//   merges, splits       INTEGER   of a resolution; 0 for other kinds
//   request, result      STRING    JSON: what was asked for, what it brought so far; null for nothing
//   started, finished    DATETIME  finished: null before
//   failure              STRING    null for none
UNWIND $ids AS wanted
MATCH (j:Job {id: wanted})
RETURN j.id AS id, j.kind AS kind, j.status AS status, coalesce(j.version, 0) AS version, j.segment AS segment,
       j.phase AS phase, j.done AS done, j.total AS total, coalesce(j.merges, 0) AS merges,
       coalesce(j.splits, 0) AS splits, j.request AS request, j.result AS result, j.startedAt AS started,
       j.finishedAt AS finished, j.failure AS failure
