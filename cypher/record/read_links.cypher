// Evidence between pairs of identifiers: what counts, and what was cut and not allowed again.
//
// Parameters
//   pairs  LIST<LIST<STRING>>  two keys each, the smaller first
// Columns, one row for each stretch of evidence
//   one, other           STRING    the keys
//   id, source, event    STRING    event: id of the message that first showed it
//   count                INTEGER
//   firstSeen, lastSeen  STRING    times
//   endedAt              STRING    a time, null when it counts; else it was cut
//   byHand               BOOLEAN   a person made it
UNWIND $pairs AS between
MATCH (one:Identifier {key: between[0]})
MATCH (other:Identifier {key: between[1]})
// Both ends are found before their links: from one alone, a hub, there may be thousands to walk.
CALL (one, other) {
  MATCH (one)-[l:LINKED]->(other)
  WHERE l.endedAt IS NULL OR (l.endedBy = 'cut' AND l.allowedAt IS NULL)
  RETURN l
}
RETURN between[0] AS one, between[1] AS other, l.id AS id, l.source AS source, l.event AS event,
       l.count AS count, toString(l.firstSeen) AS firstSeen, toString(l.lastSeen) AS lastSeen,
       toString(l.endedAt) AS endedAt, coalesce(l.byHand, false) AS byHand
