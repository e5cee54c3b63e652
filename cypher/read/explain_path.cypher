// The shortest chain of evidence that counts, from one identifier to another; of several equally short ones, any.
//
// Parameters
//   from  STRING  kind:value; the two differ
//   to    STRING  kind:value
// Columns, one row for each step, in order; none when there is no chain
//   id             STRING  lnk_...
//   from_key       STRING  the end that is nearer to the start
//   to_key         STRING  the end that is farther
//   times          INTEGER
//   first_seen     DATETIME
//   last_seen      DATETIME
//   source         STRING
//   message        STRING    id of the message that first showed it
//   ended          DATETIME  or null while it counts
//   ended_by       STRING    last_login, cut or rules; null while it counts
//   allowed        DATETIME  when cut evidence was allowed again, or null
//   by_hand        BOOLEAN   made by a person
// Searches from both ends at once (ShortestPath) and never enters evidence that has ended.
MATCH (one:Identifier {key: $from})
MATCH (other:Identifier {key: $to})
MATCH chain = shortestPath((one)-[:LINKED*]-(other))
WHERE all(step IN relationships(chain) WHERE step.endedAt IS NULL)
WITH nodes(chain) AS ends, relationships(chain) AS steps
UNWIND range(0, size(steps) - 1) AS place
WITH place, ends[place].key AS from_key, ends[place + 1].key AS to_key, steps[place] AS l
ORDER BY place
RETURN l.id AS id, from_key, to_key,
       l.count AS times, l.firstSeen AS first_seen, l.lastSeen AS last_seen, l.source AS source,
       l.event AS message, l.endedAt AS ended, l.endedBy AS ended_by, l.allowedAt AS allowed,
       coalesce(l.byHand, false) AS by_hand
