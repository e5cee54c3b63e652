// A page of identifiers for each customer, counted from the list's start.
//
// The list goes from the kind that says most about a person to the one that
// says least, by kind, then oldest first: an order that new events do not disturb,
// and whose cursors say nothing of the values.
//
// Parameters
//   ids     LIST<STRING>  cus_...
//   kinds   LIST<STRING>  only these; null for all
//   after   STRING        place to start after; '' for none
//   before  STRING        place to end before; null for none
//   limit   INTEGER       identifiers for each customer
// Columns, one row for each identifier, by customer, nearest to the start first
//   customer_id  STRING
//   place        STRING
//   since        DATETIME  when it became the customer's
//   id           STRING    idn_...
//   key          STRING
//   kind         STRING
//   value        STRING
//   first_seen   DATETIME
//   last_seen    DATETIME
//   sources      LIST<STRING>
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[m:IDENTIFIES]-(i:Identifier)
  WHERE $kinds IS NULL OR i.kind IN $kinds
  WITH i, m.since AS since,
       CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'
                 WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place
  WHERE place > $after AND ($before IS NULL OR place < $before)
  RETURN i, since, place ORDER BY place LIMIT $limit
}
RETURN c.id AS customer_id, place, since, i.id AS id, i.key AS key, i.kind AS kind, i.value AS value,
       i.firstSeen AS first_seen, i.lastSeen AS last_seen, i.sources AS sources
