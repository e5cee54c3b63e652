// How much refused evidence there is, counted up to a limit.
//
// Parameters
//   statuses  LIST<STRING>  only these, each once
//   code      STRING        only this one; null for all but open ones that are kept for blocked values
//   limit     INTEGER       counting stops there
// Columns, one row
//   total  INTEGER
// Walks the index on Conflict(status, id), once for each status.
CALL () {
  UNWIND $statuses AS wanted
  MATCH (c:Conflict)
  USING INDEX SEEK c:Conflict(status, id)
  WHERE c.status = wanted AND c.id > 'cfl_'
    AND CASE WHEN $code IS NULL THEN wanted <> 'OPEN' OR c.code <> 'BLOCKED' ELSE c.code = $code END
  RETURN c LIMIT $limit
}
RETURN count(c) AS total
