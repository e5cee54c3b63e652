// The evidence that led to each merge: what its message first showed between the absorbed and the others.
//
// Parameters
//   ids  LIST<STRING>  mrg_...
// Columns, one row for each piece, by merge, oldest first
//   merge          STRING  as asked
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
// The message's subject is an end of all that it showed, so only its evidence is looked at. A merge without a
// message, by hand or by other rules, made its evidence itself, so that the ids of both begin with one time: that
// is looked for at the identifiers that moved, towards those whose customer they came to.
UNWIND $ids AS wanted
MATCH (m:Merge {id: wanted})
CALL (m) {
  MATCH (message:Event|Statement {id: m.message})
  MATCH (near:Identifier {key: message.subject})-[l:LINKED {event: m.message}]-(far:Identifier)
  WHERE EXISTS { (near)-[:IDENTIFIED {merge: m.id}]->() } <> EXISTS { (far)-[:IDENTIFIED {merge: m.id}]->() }
  RETURN l
  UNION
  MATCH (:Customer|MergedCustomer {id: m.absorbed})<-[:IDENTIFIED {merge: m.id}]-(near:Identifier)
  MATCH (near)-[l:LINKED]-(far:Identifier)
  WHERE m.message IS NULL AND l.id STARTS WITH 'lnk_' + substring(m.id, 4, 10)
    AND NOT EXISTS { (far)-[:IDENTIFIED {merge: m.id}]->() }
    AND EXISTS {
      MATCH (near)-[one:IDENTIFIES|IDENTIFIED]->()<-[other:IDENTIFIES|IDENTIFIED]-(far)
      WHERE one.since <= m.at AND (one.until IS NULL OR one.until > m.at)
        AND other.since <= m.at AND (other.until IS NULL OR other.until > m.at)
    }
  RETURN l
}
WITH m, l ORDER BY l.firstSeen, l.id
RETURN m.id AS merge, l.id AS id, startNode(l).key AS from_key, endNode(l).key AS to_key,
       l.count AS times, l.firstSeen AS first_seen, l.lastSeen AS last_seen, l.source AS source,
       l.event AS message, l.endedAt AS ended, l.endedBy AS ended_by, l.allowedAt AS allowed,
       coalesce(l.byHand, false) AS by_hand
