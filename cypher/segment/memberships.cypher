// The segments that customers are in.
//
// Parameters
//   ids  LIST<STRING>  cus_...
// Columns, one row for each membership, by customer, entered last first
//   customer_id  STRING
//   segment_id   STRING
//   key          STRING
//   since        DATETIME
//   until        DATETIME  when time alone may end it; null for never
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})-[member:IN_SEGMENT]->(s:Segment)
RETURN c.id AS customer_id, s.id AS segment_id, s.key AS key, member.since AS since,
       head(COLLECT { MATCH (c)-[due:DUE]->(s) RETURN due.at }) AS until
ORDER BY customer_id, since DESC, segment_id DESC
