// Locks the customers of a batch in the order of their ids, then reads what deciding it needs and the recorder does
// not remember.
//
// A customer is as remembered while it has the recorder's `keptBy` and has not been changed since. From any other
// recorder it is taken here: what that one remembers is about to be no longer so.
//
// What is asked for each message is answered as lists, not maps: names cost more than values.
//
// Parameters
//   batch  MAP of (why one map, and planned once: `record/write_batch`)
//     keeper     INTEGER             the recorder; null for one that remembers nobody
//     customers  LIST<LIST<ANY>>     ascending by id: id, element id, and when one who is remembered was changed
//                                    last, s, ns; 0, 0 for one who is not
//     pairs      LIST<LIST<STRING>>  two keys of identifiers each, the smaller first, and the element ids of both
//     messages   LIST<STRING>        ids
// Columns, one row
//   same       INTEGER          how many customers are as remembered
//   customers  LIST<LIST<ANY>>  one for each other live customer:
//              id                               STRING
//              createdAt, firstSeen, lastSeen   STRING      times
//              counts                           LIST<LIST>  pairs of property name (count.<kind>) and number
//              traits, traitTimes               STRING      JSON
//              node                             STRING      its element id, good while it is there
//   links      LIST<LIST<ANY>>  one for each stretch of evidence that counts, or was cut and not allowed again:
//              one, other                       STRING      the keys
//              id, source, event                STRING      event: id of the message that first showed it
//              count                            INTEGER
//              firstSeen, lastSeen              STRING      times
//              isCut, byHand                    BOOLEAN     byHand: a person made it
//              node                             STRING      its element id, good while it is there
//   seen       LIST<LIST<STRING>>  one for each message that was taken before: id, and that of its customer,
//              null when the identifier is gone
CYPHER replan=skip
CALL () {
  UNWIND $batch.customers AS row
  MATCH (c) WHERE elementId(c) = row[1]
  REMOVE c.lock
  WITH c, row,
       coalesce(c.keptBy = $batch.keeper AND c.updatedAt = datetime.fromepoch(row[2], row[3]), false) AS isSame
  // Asked now that it is locked: whoever held it before may have erased it or given its node another id.
  WHERE c:Customer AND c.id = row[0]
  WITH count(CASE WHEN isSame THEN 1 END) AS same, collect(CASE WHEN isSame THEN null ELSE c END) AS others
  CALL (others) {
    UNWIND others AS c
    FOREACH (other IN CASE WHEN coalesce(c.keptBy <> $batch.keeper, c.keptBy IS NOT NULL) THEN [c] ELSE [] END |
      REMOVE other.keptBy)
    RETURN collect([
      c.id, toString(c.createdAt), toString(c.firstSeen), toString(c.lastSeen),
      [name IN keys(c) WHERE name STARTS WITH 'count.' | [name, c[name]]],
      c.traits, c.traitTimes, elementId(c)
    ]) AS customers
  }
  RETURN same, customers
}
CALL () {
  UNWIND $batch.pairs AS between
  MATCH (one) WHERE elementId(one) = between[2]
  MATCH (other) WHERE elementId(other) = between[3]
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
RETURN same, customers, links, seen
