// How far imports of files have come.
//
// Parameters
//   keys  LIST<STRING>
// Columns, one row for each import that was begun, in no order
//   key       STRING
//   rows      INTEGER   of the file that are done
//   report    STRING    JSON: what became of them
//   rejected  STRING    path of the file of bad rows
//   bytes     INTEGER   of that file that tell of those rows
//   started   DATETIME
//   updated   DATETIME
//   finished  DATETIME  null until the file's end was reached
// Reads by the unique index on Import(key).
UNWIND $keys AS wanted
MATCH (i:Import {key: wanted})
RETURN i.key AS key, i.rows AS rows, i.report AS report, i.rejected AS rejected, i.rejectedBytes AS bytes,
       i.startedAt AS started, i.updatedAt AS updated, i.finishedAt AS finished
