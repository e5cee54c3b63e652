// What is known of identifiers, as `lock_identifiers` tells it, but without a lock.
//
// Parameters
//   batch  MAP{identifiers: LIST<MAP{key: STRING, hash: STRING}>}  hash: under which an erased one is remembered
// Columns, one row
//   rows    LIST<LIST<ANY>>   one for each identifier that is known, as of `lock_identifiers`, without the owner's node
//   erased  LIST<STRING>      keys of those that were erased, and must not be known again
// Reads by the unique index on Identifier(key).
CALL () {
  UNWIND $batch.identifiers AS row
  MATCH (i:Identifier {key: row.key})
  OPTIONAL MATCH (i)-[:IDENTIFIES]->(c:Customer)
  RETURN collect([
    i.key, i.id, c.id,
    toString(i.firstSeen), toString(i.lastSeen), toString(i.firstEventAt), toString(i.lastEventAt),
    i.sources, i.traits, elementId(i)
  ]) AS rows
}
CALL () {
  UNWIND $batch.identifiers AS row
  MATCH (:Suppressed {hash: row.hash})
  RETURN collect(row.key) AS erased
}
RETURN rows, erased
