// Marks a merge as undone, and keeps the reason.
//
// Parameters
//   id      STRING    mrg_...
//   reason  STRING    or null
//   now     DATETIME
// Columns: none
MATCH (m:Merge {id: $id})
SET m.undoneAt = coalesce(m.undoneAt, $now), m.undoneReason = $reason
