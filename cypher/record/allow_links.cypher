// Lifts cuts: evidence between the two counts again from now on. What was cut stays ended.
//
// Parameters
//   pairs  LIST<LIST<STRING>>  two keys each, the smaller first
//   now    DATETIME
// Columns, one row for each piece of evidence that was cut
//   id     STRING
UNWIND $pairs AS between
MATCH (one:Identifier {key: between[0]})
MATCH (other:Identifier {key: between[1]})
// Both ends are found before their links: from one alone, a hub, there may be thousands to walk.
CALL (one, other) {
  MATCH (one)-[l:LINKED]->(other)
  WHERE l.endedBy = 'cut' AND l.allowedAt IS NULL
  RETURN l
}
SET l.allowedAt = $now
RETURN l.id AS id
