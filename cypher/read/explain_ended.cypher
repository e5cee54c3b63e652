// Evidence between two customers that no longer counts: of each pair of identifiers the piece that ended last.
//
// Parameters
//   one    STRING   cus_...
//   other  STRING   cus_...
//   limit  INTEGER
// Columns, one row for each pair, ended last first
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
// Goes through the identifiers of the customer that has fewer.
MATCH (a:Customer {id: $one})
MATCH (b:Customer {id: $other})
WITH CASE WHEN coalesce(a.identifiers, 0) <= coalesce(b.identifiers, 0) THEN [a, b] ELSE [b, a] END AS sides
WITH sides[0] AS small, sides[1] AS large
MATCH (small)<-[:IDENTIFIES]-(near:Identifier)-[l:LINKED]-(far:Identifier)
WHERE l.endedAt IS NOT NULL AND EXISTS { (far)-[:IDENTIFIES]->(large) }
WITH near, far, l ORDER BY l.endedAt DESC, l.id DESC
WITH near, far, head(collect(l)) AS l
ORDER BY l.endedAt DESC, l.id DESC LIMIT $limit
RETURN l.id AS id, startNode(l).key AS from_key, endNode(l).key AS to_key,
       l.count AS times, l.firstSeen AS first_seen, l.lastSeen AS last_seen, l.source AS source,
       l.event AS message, l.endedAt AS ended, l.endedBy AS ended_by, l.allowedAt AS allowed,
       coalesce(l.byHand, false) AS by_hand
