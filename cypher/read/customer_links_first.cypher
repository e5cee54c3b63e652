// A page of the evidence around each customer, each piece once, counted from the list's start. The list
// goes from the newest.
//
// Parameters
//   ids        LIST<STRING>  cus_...
//   ended      BOOLEAN       also evidence that no longer counts; its other end may be somebody else's
//   after_at   DATETIME      starts after the link first seen then; null for none
//   after_id   STRING        and with this id
//   before_at  DATETIME      ends before the link first seen then; null for none
//   before_id  STRING        and with this id
//   limit      INTEGER       links for each customer
// Columns, one row for each link, by customer, nearest to the start first
//   customer_id    STRING  as asked
//   id             STRING  lnk_...
//   from_key       STRING
//   to_key         STRING
//   times          INTEGER
//   first_seen     DATETIME
//   last_seen      DATETIME
//   source         STRING
//   message        STRING    id of the message that first showed it
//   ended          DATETIME  or null while it counts
//   ended_by       STRING    last_login, cut or rules; null while it counts
//   allowed        DATETIME  when cut evidence was allowed again, or null
//   by_hand        BOOLEAN   made by a person
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)
  WHERE ($ended OR l.endedAt IS NULL)
    AND ($after_at IS NULL OR l.firstSeen < $after_at OR (l.firstSeen = $after_at AND l.id < $after_id))
    AND ($before_at IS NULL OR l.firstSeen > $before_at OR (l.firstSeen = $before_at AND l.id > $before_id))
  WITH DISTINCT l
  RETURN l ORDER BY l.firstSeen DESC, l.id DESC LIMIT $limit
}
RETURN c.id AS customer_id, l.id AS id, startNode(l).key AS from_key, endNode(l).key AS to_key,
       l.count AS times, l.firstSeen AS first_seen, l.lastSeen AS last_seen, l.source AS source,
       l.event AS message, l.endedAt AS ended, l.endedBy AS ended_by, l.allowedAt AS allowed,
       coalesce(l.byHand, false) AS by_hand
