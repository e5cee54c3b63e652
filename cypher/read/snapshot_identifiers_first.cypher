// A page of the identifiers that a customer had at a moment, counted from the list's start.
//
// The list is in the order of identifiers_first.
//
// Parameters
//   id      STRING        cus_..., as the customer was called at that moment
//   at      DATETIME
//   kinds   LIST<STRING>  only these; null for all
//   after   STRING        place to start after; '' for none
//   before  STRING        place to end before; null for none
//   limit   INTEGER
// Columns, one row for each identifier, nearest to the start first
//   place       STRING
//   since       DATETIME  when it became the customer's
//   id          STRING    idn_...
//   key         STRING
//   kind        STRING
//   value       STRING
//   first_seen  DATETIME
//   last_seen   DATETIME
//   sources     LIST<STRING>
// A PastId says which id a node bore during [since, until); else it is the one that it has.
CALL () {
  MATCH (past:PastId {id: $id})-[:OF]->(owner)
  WHERE past.since <= $at AND past.until > $at
  RETURN owner
  UNION
  MATCH (owner:Customer|MergedCustomer {id: $id})
  WHERE NOT EXISTS { (past:PastId)-[:OF]->(owner) WHERE past.since <= $at AND past.until > $at }
  RETURN owner
}
MATCH (owner)<-[held:IDENTIFIES|IDENTIFIED]-(i:Identifier)
WHERE held.since <= $at AND (held.until IS NULL OR held.until > $at)
  AND ($kinds IS NULL OR i.kind IN $kinds)
WITH i, held.since AS since,
     CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'
               WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place
WHERE place > $after AND ($before IS NULL OR place < $before)
RETURN place, since, i.id AS id, i.key AS key, i.kind AS kind, i.value AS value,
       i.firstSeen AS first_seen, i.lastSeen AS last_seen, i.sources AS sources
ORDER BY place LIMIT $limit
