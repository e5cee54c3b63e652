// Evidence between pairs of identifiers: what counts, and what was cut and not allowed again.
//
// Parameters
//   pairs  LIST<LIST<STRING>>  two keys each, the smaller first
// Columns, one row: rows, a LIST<MAP>, one for each stretch of evidence
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
RETURN collect({
  one: between[0], other: between[1], id: l.id, source: l.source, event: l.event, count: l.count,
  firstSeen: toString(l.firstSeen), lastSeen: toString(l.lastSeen), endedAt: toString(l.endedAt),
  byHand: coalesce(l.byHand, false)
}) AS rows
