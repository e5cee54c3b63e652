// Keeps how far the import of a file has come.
//
// Parameters
//   key       STRING    of the file and how it is read
//   path      STRING    of the file, for people
//   rows      INTEGER   of the file that are done
//   report    STRING    JSON: what became of them
//   rejected  STRING    path of the file of bad rows
//   bytes     INTEGER   of that file that tell of those rows
//   started   DATETIME
//   finished  BOOLEAN   the file's end was reached
//   now       DATETIME
// Columns: none
// Finds it by the unique index on Import(key).
MERGE (i:Import {key: $key})
SET i.path = $path, i.rows = $rows, i.report = $report, i.rejected = $rejected, i.rejectedBytes = $bytes,
    i.startedAt = $started, i.updatedAt = $now, i.finishedAt = CASE WHEN $finished THEN $now END
