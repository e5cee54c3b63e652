// Makes a cut of evidence that was refused, so that the two stay apart until it is allowed.
//
// Parameters
//   id          STRING    of the link
//   one, other  STRING    keys, the smaller first
//   properties  MAP       count, firstSeen, lastSeen, source, event
//   now         DATETIME
// Columns, one row when both identifiers are known
//   id          STRING
MATCH (one:Identifier {key: $one}), (other:Identifier {key: $other})
CREATE (one)-[l:LINKED]->(other)
SET l = $properties, l.id = $id, l.endedAt = $now, l.endedBy = 'cut'
RETURN l.id AS id
