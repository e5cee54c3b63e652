// Writes a batch of messages by customers whom the recorder remembers, all of it so, if they are still as remembered
// and none of the messages was taken before: locks, asks, and writes in one.
//
// It does what `record/lock_identifiers`, `record/read_known` and `record/write_batch` do for who is only seen once
// more, in the same order of locks. When something is no longer so, nothing is written, and what was locked stays
// locked: whoever asked goes on with those. An event that was taken before breaks the constraint on its id instead,
// and nothing is left of all: so nobody looks for each, which would be one more lock in an index.
//
// It may be a transaction of its own, and then ends it, as `record/count_sources` and `feed/append` do together:
// what all writers wait for is locked while the database works, and never while it waits for whoever asked.
//
// Parameters
//   now    DATETIME
//   batch  MAP of (why one map, and planned once: `record/write_batch`)
//     version      INTEGER            of the rules that the batch was decided by; null when any will do
//     keeper       INTEGER            the recorder
//     identifiers  LIST<LIST<ANY>>    ascending by key: element id, lastSeen s, ns
//     used         LIST<LIST<INTEGER>>  those that are the subjects of events: place among them, lastEventAt s, ns
//     customers    LIST<LIST<ANY>>    ascending by id: id, element id, when it was changed last, s, ns; lastSeen s, ns
//     shownAgain, statements          as in `record/write_batch`
//     events       LIST<LIST<ANY>>    place of the subject among the identifiers, time s, ns, properties (a MAP)
//     end          LIST<MAP>          empty within a larger transaction, else one, of
//       edition  STRING               of the segments, by which nobody moves
//       sources  LIST<MAP>            as the `rows` of `record/count_sources`, ascending by name; each is known
//       pages    LIST<MAP>            as in `feed/append`
//       count    INTEGER              of all changes in the pages
// Columns, one row
//   isWritten  BOOLEAN
//   edition    STRING   of the segments, as `segment/definitions` tells it: asked once the customers are locked
CYPHER replan=skip
OPTIONAL MATCH (force:RulesInForce)
CALL () {
  UNWIND $batch.identifiers AS row
  MATCH (i) WHERE elementId(i) = row[0]
  REMOVE i.lock
  RETURN collect(i) AS identifiers
}
CALL () {
  UNWIND $batch.customers AS row
  MATCH (c) WHERE elementId(c) = row[1]
  REMOVE c.lock
  WITH c, row
  WHERE c.keptBy = $batch.keeper AND c.updatedAt = datetime.fromepoch(row[2], row[3]) AND c.id = row[0]
  RETURN collect(c) AS customers
}
CALL () {
  CALL () {
    UNWIND $batch.events AS row
    WITH row[3].id AS id
    // Between it and itself: what equals a unique name is locked.
    MATCH (s:Statement)
    WHERE id <= s.id <= id
    RETURN s.id AS id
    UNION ALL
    UNWIND $batch.statements AS row
    WITH row.properties.id AS id
    MATCH (e:Event)
    WHERE id <= e.id <= id
    RETURN e.id AS id
  }
  RETURN count(*) AS taken
}
CALL () {
  UNWIND $batch.end AS end
  UNWIND end.sources AS row
  MATCH (s:Source {name: row.name})
  RETURN collect(s) AS sources
}
WITH identifiers, customers, sources, taken, force.version AS version
OPTIONAL MATCH (e:SegmentEdition)
OPTIONAL MATCH (f:Feed)
WITH identifiers, customers, sources, e.id AS edition, f AS feed,
     coalesce(version = $batch.version, $batch.version IS NULL) AND taken = 0
       AND size(customers) = size($batch.customers) AND size(identifiers) = size($batch.identifiers)
       AND all(end IN $batch.end WHERE e.id = end.edition AND size(sources) = size(end.sources) AND f IS NOT NULL)
       AS isSame
CALL (identifiers, isSame) {
  UNWIND CASE WHEN isSame THEN range(0, size(identifiers) - 1) ELSE [] END AS place
  WITH identifiers[place] AS i, $batch.identifiers[place] AS row
  SET i.lastSeen = datetime.fromepoch(row[1], row[2])
}
CALL (identifiers, isSame) {
  UNWIND CASE WHEN isSame THEN $batch.used ELSE [] END AS row
  WITH identifiers[row[0]] AS i, row
  SET i.lastEventAt = datetime.fromepoch(row[1], row[2])
}
CALL (isSame) {
  UNWIND CASE WHEN isSame THEN $batch.shownAgain ELSE [] END AS row
  MATCH ()-[l:LINKED]->() WHERE elementId(l) = row[0]
  SET l.count = row[1], l.lastSeen = datetime.fromepoch(row[2], row[3])
}
CALL (identifiers, isSame) {
  UNWIND CASE WHEN isSame THEN $batch.events ELSE [] END AS row
  WITH identifiers[row[0]] AS i, row
  CREATE (e:Event)-[:BY]->(i)
  SET e = row[3], e.at = datetime.fromepoch(row[1], row[2]), e.receivedAt = $now
}
CALL (isSame) {
  UNWIND CASE WHEN isSame THEN $batch.statements ELSE [] END AS row
  CREATE (s:Statement)
  SET s = row.properties, s.at = datetime.fromepoch(row.s, row.ns), s.receivedAt = $now
}
CALL (customers, isSame) {
  UNWIND CASE WHEN isSame THEN range(0, size(customers) - 1) ELSE [] END AS place
  WITH customers[place] AS c, $batch.customers[place] AS row
  SET c.updatedAt = $now, c.lastSeen = datetime.fromepoch(row[4], row[5])
}
CALL (sources, isSame) {
  UNWIND CASE WHEN isSame THEN $batch.end ELSE [] END AS end
  UNWIND range(0, size(sources) - 1) AS place
  WITH sources[place] AS s, end.sources[place] AS row
  // The lock: see tests/store/test_locks.py.
  REMOVE s.lock
  SET s.messages = s.messages + row.messages, s.events = s.events + row.events,
      s.duplicates = s.duplicates + row.duplicates, s.rejected = s.rejected + row.rejected,
      s.limited = s.limited + row.limited, s.violations = s.violations + row.violations,
      s.lastSeen = $now, s.sample = row.sample
}
CALL (feed, isSame) {
  UNWIND CASE WHEN isSame THEN $batch.end ELSE [] END AS end
  WITH feed, end
  REMOVE feed.lock
  WITH feed, end, feed.seq AS before, datetime.realtime() AS at
  FOREACH (page IN end.pages |
    CREATE (:ChangePage {first: before + page.offset + 1, last: before + page.offset + page.size, at: at,
                         changes: page.changes})
  )
  SET feed.seq = before + end.count
}
RETURN isSame AS isWritten, edition
