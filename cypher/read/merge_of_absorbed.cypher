// The merge that stands for each customer that was merged away.
//
// Parameters
//   ids  LIST<STRING>  cus_... that they had
// Columns, one row for each that is merged now, in no order
//   absorbed  STRING  as asked
//   id        STRING  mrg_...
// Reads by the index on Merge(absorbed).
UNWIND $ids AS wanted
MATCH (m:Merge {absorbed: wanted})
WHERE m.undoneAt IS NULL
RETURN wanted AS absorbed, m.id AS id
