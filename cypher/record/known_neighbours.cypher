// What deciding a batch needs, as `read_known` tells it, but without a lock.
//
// What is asked for each message is answered as lists, not maps: names cost more than values.
//
// Parameters
//   batch  MAP of (why one map: `record/write_batch`)
//     customers  LIST<STRING>        ids
//     pairs      LIST<LIST<STRING>>  two keys of identifiers each, the smaller first
//     messages   LIST<STRING>        ids
// Columns, one row
//   customers  LIST<LIST<ANY>>  one for each live customer:
//              id                               STRING
//              createdAt, firstSeen, lastSeen   STRING      times
//              counts                           LIST<LIST>  pairs of property name (count.<kind>) and number
//              traits, traitTimes               STRING      JSON
//              node                             STRING      its element id
//   links      LIST<LIST<ANY>>  one for each stretch of evidence that counts, or was cut and not allowed again:
//              one, other                       STRING      the keys
//              id, source, event                STRING      event: id of the message that first showed it
//              count                            INTEGER
//              firstSeen, lastSeen              STRING      times
//              isCut, byHand                    BOOLEAN     byHand: a person made it
//              node                             STRING      its element id
//   seen       LIST<LIST<STRING>>  one for each message that was taken before: id, and that of its customer,
//              null when the identifier is gone
CALL () {
  UNWIND $batch.customers AS id
  MATCH (c:Customer {id: id})
  WITH c
  RETURN collect([
    c.id, toString(c.createdAt), toString(c.firstSeen), toString(c.lastSeen),
    [name IN keys(c) WHERE name STARTS WITH 'count.' | [name, c[name]]],
    c.traits, c.traitTimes, elementId(c)
  ]) AS customers
}
CALL () {
  UNWIND $batch.pairs AS between
  MATCH (one:Identifier {key: between[0]})
  MATCH (other:Identifier {key: between[1]})
  // Both ends are found before their links: from one alone, a hub, there may be thousands to walk.
  CALL (one, other) {
    MATCH (one)-[l:LINKED]->(other)
    WHERE l.endedAt IS NULL OR (l.endedBy = 'cut' AND l.allowedAt IS NULL)
    RETURN l
  }
  RETURN collect([
    between[0], between[1], l.id, l.source, l.event, l.count, toString(l.firstSeen), toString(l.lastSeen),
    l.endedAt IS NOT NULL, coalesce(l.byHand, false), elementId(l)
  ]) AS links
}
CALL () {
  CALL () {
    MATCH (e:Event)
    WHERE e.id IN $batch.messages
    RETURN e.id AS id, e.subject AS subject
    UNION ALL
    MATCH (s:Statement)
    WHERE s.id IN $batch.messages
    RETURN s.id AS id, s.subject AS subject
  }
  OPTIONAL MATCH (:Identifier {key: subject})-[:IDENTIFIES]->(c:Customer)
  RETURN collect([id, c.id]) AS seen
}
RETURN customers, links, seen
