// A page of the refused evidence of each customer, counted from the list's start. The list goes from what was
// refused last.
//
// Parameters
//   ids       LIST<STRING>  cus_...
//   statuses  LIST<STRING>  only these
//   code      STRING        only this one; null for all but open ones that are kept for blocked values
//   after     STRING        id to start after; null for none
//   before    STRING        id to end before; null for none
//   limit     INTEGER       for each customer
// Columns, by customer, nearest to the start first
//   customer_id  STRING  as asked
//   id           STRING  cfl_...; its ULID orders by arrival
// Looks up each identifier by the indexes on Conflict(one) and Conflict(other).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  CALL (i) {
    MATCH (f:Conflict {one: i.key})
    RETURN f
    UNION
    MATCH (f:Conflict {other: i.key})
    RETURN f
  }
  WITH DISTINCT f
  WHERE f.status IN $statuses AND f.id < coalesce($after, 'cfl_~') AND f.id > coalesce($before, 'cfl_')
    AND CASE WHEN $code IS NULL THEN f.status <> 'OPEN' OR f.code <> 'BLOCKED' ELSE f.code = $code END
  RETURN f.id AS id ORDER BY id DESC LIMIT $limit
}
RETURN c.id AS customer_id, id
