// Ends the decision to keep two apart, as their evidence may count again.
//
// Parameters
//   pair  STRING    two keys with a line break between, the smaller first
//   now   DATETIME
// Columns, one row when there was such a decision
//   id    STRING
MATCH (c:Conflict {pair: $pair})
WHERE c.status = 'KEPT_APART'
SET c.status = 'SOLVED', c.decidedAt = $now
RETURN c.id AS id
