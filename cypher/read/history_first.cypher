// A page of what happened to the identity of each customer: merges, splits and refused evidence, counted from
// the list's start. The list goes from the newest.
//
// Parameters
//   ids        LIST<STRING>  cus_...
//   after_at   DATETIME      starts after what happened then; null for none
//   after_id   STRING        and has this id
//   before_at  DATETIME      ends before what happened then; null for none
//   before_id  STRING        and has this id
//   limit      INTEGER       for each customer
// Columns, by customer, nearest to the start first
//   customer_id  STRING    as asked
//   at           DATETIME  of refused evidence the time in its id, as conflicts_by_ids tells it
//   id           STRING    mrg_..., spl_... or cfl_...
// Covers the customer and all that went into it. Reads by the indexes on Merge(survivor), Merge(absorbed),
// Split(customer), Split(part), Conflict(one) and Conflict(other).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  CALL (c) {
    MATCH (c)<-[:MERGED_INTO*0..]-(one)
    MATCH (m:Merge {survivor: one.id})
    RETURN m.at AS at, m.id AS id
    UNION
    MATCH (c)<-[:MERGED_INTO*0..]-(one)
    MATCH (m:Merge {absorbed: one.id})
    RETURN m.at AS at, m.id AS id
    UNION
    MATCH (c)<-[:MERGED_INTO*0..]-(one)
    MATCH (s:Split {customer: one.id})
    RETURN s.at AS at, s.id AS id
    UNION
    MATCH (c)<-[:MERGED_INTO*0..]-(one)
    MATCH (s:Split {part: one.id})
    RETURN s.at AS at, s.id AS id
    UNION
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    CALL (i) {
      MATCH (f:Conflict {one: i.key})
      RETURN f
      UNION
      MATCH (f:Conflict {other: i.key})
      RETURN f
    }
    RETURN datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
         t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(f.id, n, 1))[0]))}) AS at, f.id AS id
  }
  WITH at, id
  WHERE ($after_at IS NULL OR at < $after_at OR (at = $after_at AND id < $after_id))
    AND ($before_at IS NULL OR at > $before_at OR (at = $before_at AND id > $before_id))
  RETURN at, id ORDER BY at DESC, id DESC LIMIT $limit
}
RETURN c.id AS customer_id, at, id
