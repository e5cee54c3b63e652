// Writes what a batch changes about identifiers, evidence and customers that are known, and what it records.
//
// All in one statement, since each round trip is a wait for whoever sends one message alone. What most
// messages do, to be seen once more, has blocks of its own that write nothing but that: a property that is set
// is stored and logged, even to the value that it has. Times come as seconds since 1970 and nanoseconds, two null
// for one that is not known: the database reads them at a tenth of the cost of text.
//
// Who and what is there already is named by the element ids, which were read when they were locked:
// looking them up in an index once more costs a third of the statement.
//
// Planned once, and not anew each time that the graph has grown by so much, for which all who record would wait
// some tenths of a second: what it names it finds by unique keys and element ids, whatever there is of anything.
//
// The lists are in one map, since the database plans a statement anew for each size, 1, 10, 100 and so on, of
// each list that is a parameter by itself: with nine lists that would be thousands of plans.
//
// Parameters
//   now    DATETIME
//   batch  MAP of
//     identifiers   LIST<MAP{node: STRING, properties: MAP, times: LIST<INTEGER>}>  a property of null is removed;
//                   times: s, ns of firstSeen, lastSeen, firstEventAt, lastEventAt
//     usedAgain     LIST<LIST<ANY>>  identifiers of which only the last times change:
//                   node, lastSeen s, ns, lastEventAt s, ns
//     seenAgain     LIST<LIST<ANY>>  identifiers that were only seen once more: node, lastSeen s, ns
//     links         LIST<MAP{one: STRING, other: STRING, nodes, properties: MAP, times: LIST<INTEGER>}>
//                   new evidence; times: s, ns of firstSeen, lastSeen, endedAt
//     shownAgain    LIST<LIST<ANY>>  evidence of which only number and last time change: node, count, lastSeen s, ns
//     pairs         LIST<STRING>     of the new evidence: two keys with a line break between, the smaller first
//     events        LIST<LIST<ANY>>  node of its subject, time s, ns, properties (a MAP)
//     statements    LIST<MAP{properties: MAP, s: INTEGER, ns: INTEGER}>
//                   messages that record no event, kept so that each is taken once
//     customers     LIST<MAP{id: STRING, properties: MAP, flattened: MAP, times: LIST<INTEGER>}>
//                   a property of null is removed; flattened: null when no trait changed; times: s, ns of
//                   firstSeen, lastSeen
//     seenCustomers LIST<LIST<ANY>>  customers who were only seen once more: node, lastSeen s, ns
//     met           LIST<STRING>     those of them whom the recorder remembers from now on: node
//     keeper        INTEGER          the recorder, when there are such
// Columns: none
CYPHER replan=skip
CALL () {
  UNWIND $batch.identifiers AS row
  MATCH (i) WHERE elementId(i) = row.node
  SET i += row.properties,
      i.firstSeen = CASE WHEN row.times[0] IS NULL THEN null ELSE datetime.fromepoch(row.times[0], row.times[1]) END,
      i.lastSeen = CASE WHEN row.times[2] IS NULL THEN null ELSE datetime.fromepoch(row.times[2], row.times[3]) END,
      i.firstEventAt = CASE WHEN row.times[4] IS NULL THEN null ELSE datetime.fromepoch(row.times[4], row.times[5]) END,
      i.lastEventAt = CASE WHEN row.times[6] IS NULL THEN null ELSE datetime.fromepoch(row.times[6], row.times[7]) END
}
CALL () {
  UNWIND $batch.usedAgain AS row
  MATCH (i) WHERE elementId(i) = row[0]
  SET i.lastSeen = datetime.fromepoch(row[1], row[2]), i.lastEventAt = datetime.fromepoch(row[3], row[4])
}
CALL () {
  UNWIND $batch.seenAgain AS row
  MATCH (i) WHERE elementId(i) = row[0]
  SET i.lastSeen = datetime.fromepoch(row[1], row[2])
}
CALL () {
  UNWIND $batch.links AS row
  MATCH (one) WHERE elementId(one) = row.one
  MATCH (other) WHERE elementId(other) = row.other
  CREATE (one)-[l:LINKED]->(other)
  SET l += row.properties,
      l.firstSeen = datetime.fromepoch(row.times[0], row.times[1]),
      l.lastSeen = datetime.fromepoch(row.times[2], row.times[3]),
      l.endedAt = CASE WHEN row.times[4] IS NULL THEN null ELSE datetime.fromepoch(row.times[4], row.times[5]) END
}
CALL () {
  UNWIND $batch.shownAgain AS row
  MATCH ()-[l:LINKED]->() WHERE elementId(l) = row[0]
  SET l.count = row[1], l.lastSeen = datetime.fromepoch(row[2], row[3])
}
CALL () {
  UNWIND $batch.pairs AS between
  MATCH (c:Conflict {pair: between})
  WHERE c.status = 'OPEN'
  SET c.status = 'SOLVED', c.decidedAt = $now
}
CALL () {
  UNWIND $batch.events AS row
  MATCH (i) WHERE elementId(i) = row[0]
  CREATE (e:Event)-[:BY]->(i)
  SET e = row[3], e.at = datetime.fromepoch(row[1], row[2]), e.receivedAt = $now
}
CALL () {
  UNWIND $batch.statements AS row
  CREATE (s:Statement)
  SET s = row.properties, s.at = datetime.fromepoch(row.s, row.ns), s.receivedAt = $now
}
CALL () {
  UNWIND $batch.customers AS row
  MATCH (c:Customer {id: row.id})
  WITH c, row,
       CASE WHEN row.flattened IS NULL THEN []
            ELSE [name IN keys(c) WHERE name STARTS WITH 'traits.' AND row.flattened[name] IS NULL] END AS stale
  SET c += row.properties, c += coalesce(row.flattened, {}), c.updatedAt = $now,
      c.firstSeen = CASE WHEN row.times[0] IS NULL THEN null ELSE datetime.fromepoch(row.times[0], row.times[1]) END,
      c.lastSeen = CASE WHEN row.times[2] IS NULL THEN null ELSE datetime.fromepoch(row.times[2], row.times[3]) END
  FOREACH (name IN stale | SET c[name] = null)
}
CALL () {
  UNWIND $batch.seenCustomers AS row
  MATCH (c) WHERE elementId(c) = row[0]
  SET c.updatedAt = $now, c.lastSeen = datetime.fromepoch(row[1], row[2])
}
CALL () {
  UNWIND $batch.met AS node
  MATCH (c) WHERE elementId(c) = node
  SET c.keptBy = $batch.keeper
}
