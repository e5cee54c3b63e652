// A page of refused evidence, counted from the list's end. The list goes from what was refused last.
//
// Parameters
//   statuses  LIST<STRING>  only these, each once
//   code      STRING        only this one; null for all but open ones that are kept for blocked values
//   after     STRING        id to start after; null for none
//   before    STRING        id to end before; null for none
//   limit     INTEGER
// Columns, nearest to the end first
//   id  STRING  cfl_...; its ULID orders by arrival
// Walks the index on Conflict(status, id), once for each status.
UNWIND $statuses AS wanted
CALL (wanted) {
  MATCH (c:Conflict)
  USING INDEX SEEK c:Conflict(status, id)
  WHERE c.status = wanted AND c.id < coalesce($after, 'cfl_~') AND c.id > coalesce($before, 'cfl_')
    AND CASE WHEN $code IS NULL THEN wanted <> 'OPEN' OR c.code <> 'BLOCKED' ELSE c.code = $code END
  RETURN c.id AS id ORDER BY c.status, c.id LIMIT $limit
}
RETURN id ORDER BY id LIMIT $limit
