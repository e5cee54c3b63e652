// Keeps what a person decided about a conflict.
//
// Parameters
//   id      STRING    cfl_...
//   status  STRING    MERGED, KEPT_APART or BLOCKED
//   reason  STRING    or null
//   now     DATETIME
// Columns: none
MATCH (c:Conflict {id: $id})
SET c.status = $status, c.decidedAt = $now, c.reason = $reason
