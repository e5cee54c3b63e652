// Evidence by id.
//
// Parameters
//   ids  LIST<STRING>  lnk_...
// Columns, one row for each that exists, in no order
//   id          STRING  lnk_...
//   from_key    STRING
//   to_key      STRING
//   times       INTEGER
//   first_seen  DATETIME
//   last_seen   DATETIME
//   source      STRING
//   message     STRING    id of the message that first showed it
//   ended       DATETIME  or null while it counts
//   ended_by    STRING    last_login, cut or rules; null while it counts
//   allowed     DATETIME  when cut evidence was allowed again, or null
//   by_hand     BOOLEAN   made by a person
// Reads by the index on LINKED(id).
UNWIND $ids AS wanted
MATCH (one:Identifier)-[l:LINKED {id: wanted}]->(other:Identifier)
USING INDEX SEEK l:LINKED(id)
RETURN l.id AS id, one.key AS from_key, other.key AS to_key,
       l.count AS times, l.firstSeen AS first_seen, l.lastSeen AS last_seen, l.source AS source,
       l.event AS message, l.endedAt AS ended, l.endedBy AS ended_by, l.allowedAt AS allowed,
       coalesce(l.byHand, false) AS by_hand
