// Lifts cuts: evidence between the two counts again from now on. What was cut stays ended.
//
// Parameters
//   pairs  LIST<LIST<STRING>>  two keys each, the smaller first
//   now    DATETIME
// Columns, one row for each piece of evidence that was cut
//   id     STRING
UNWIND $pairs AS between
MATCH (:Identifier {key: between[0]})-[l:LINKED]->(:Identifier {key: between[1]})
WHERE l.endedBy = 'cut' AND l.allowedAt IS NULL
SET l.allowedAt = $now
RETURN l.id AS id
