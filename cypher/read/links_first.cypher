// A page of evidence for each identifier, counted from the list's start. The list goes from the newest.
//
// Parameters
//   ids        LIST<STRING>  idn_...
//   after_at   DATETIME      starts after the link first seen then; null for none
//   after_id   STRING        and with this id
//   before_at  DATETIME      ends before the link first seen then; null for none
//   before_id  STRING        and with this id
//   limit      INTEGER       links for each identifier
// Columns, one row for each link, by identifier, nearest to the start first
//   identifier_id  STRING  as asked
//   id             STRING  lnk_...
//   from_key       STRING
//   to_key         STRING
//   other_key      STRING  the end that was not asked for
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
MATCH (i:Identifier {id: wanted})
CALL (i) {
  MATCH (i)-[l:LINKED]-(other:Identifier)
  WHERE ($after_at IS NULL OR l.firstSeen < $after_at OR (l.firstSeen = $after_at AND l.id < $after_id))
    AND ($before_at IS NULL OR l.firstSeen > $before_at OR (l.firstSeen = $before_at AND l.id > $before_id))
  RETURN l, other.key AS other_key ORDER BY l.firstSeen DESC, l.id DESC LIMIT $limit
}
RETURN i.id AS identifier_id, l.id AS id, startNode(l).key AS from_key, endNode(l).key AS to_key, other_key,
       l.count AS times, l.firstSeen AS first_seen, l.lastSeen AS last_seen, l.source AS source,
       l.event AS message, l.endedAt AS ended, l.endedBy AS ended_by, l.allowedAt AS allowed,
       coalesce(l.byHand, false) AS by_hand
