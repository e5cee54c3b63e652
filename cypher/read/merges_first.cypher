// A page of the merges that made each customer, counted from the list's start. The list goes from the newest.
//
// Parameters
//   ids        LIST<STRING>  cus_...
//   after_at   DATETIME      starts after the merge of this time; null for none
//   after_id   STRING        and with this id
//   before_at  DATETIME      ends before the merge of this time; null for none
//   before_id  STRING        and with this id
//   limit      INTEGER       merges for each customer
// Columns, by customer, nearest to the start first
//   customer_id  STRING  as asked
//   id           STRING  mrg_...
// Reads by the index on Merge(survivor), for the customer and for all that went into it.
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:MERGED_INTO*0..]-(one)
  MATCH (m:Merge {survivor: one.id})
  WHERE ($after_at IS NULL OR m.at < $after_at OR (m.at = $after_at AND m.id < $after_id))
    AND ($before_at IS NULL OR m.at > $before_at OR (m.at = $before_at AND m.id > $before_id))
  RETURN m ORDER BY m.at DESC, m.id DESC LIMIT $limit
}
RETURN c.id AS customer_id, m.id AS id
