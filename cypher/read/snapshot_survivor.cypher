// Into whom a customer had been merged at a moment, one step: that one may have been merged as well.
//
// Parameters
//   id  STRING    cus_...
//   at  DATETIME
// Columns, one row; none when it was merged into nobody then
//   customer_id  STRING
// Reads by the index on Merge(absorbed).
MATCH (m:Merge {absorbed: $id})
WHERE m.at <= $at AND (m.undoneAt IS NULL OR m.undoneAt > $at)
RETURN m.survivor AS customer_id LIMIT 1
