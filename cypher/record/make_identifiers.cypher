// Makes identifiers that were not found, locks them, and reads them: another writer may just have made them.
//
// Parameters
//   batch  MAP{identifiers: LIST<MAP{key: STRING, id: STRING, kind: STRING, value: STRING, labels: LIST<STRING>,
//          hash: STRING}>}
//          by key; hash: under which an erased one is remembered; why a map, and planned once: `record/write_batch`
// Columns, one row
//   rows  LIST<LIST<ANY>>  one for each identifier, as `record/lock_identifiers`, and at its end
//         suppressed       BOOLEAN  it was erased, and must not be known again
CYPHER replan=skip
UNWIND $batch.identifiers AS row
MERGE (i:Identifier {key: row.key})
ON CREATE SET i.id = row.id, i.kind = row.kind, i.value = row.value, i:$(row.labels)
REMOVE i.lock
WITH i, row
OPTIONAL MATCH (i)-[:IDENTIFIES]->(c:Customer)
RETURN collect([
  i.key, i.id, c.id,
  toString(i.firstSeen), toString(i.lastSeen), toString(i.firstEventAt), toString(i.lastEventAt),
  i.sources, i.traits, elementId(i), elementId(c),
  EXISTS { MATCH (:Suppressed {hash: row.hash}) }
]) AS rows
