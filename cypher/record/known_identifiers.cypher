// What is known of identifiers, as `lock_identifiers` tells it, but without a lock and making none.
//
// Parameters
//   identifiers  LIST<MAP{key: STRING, hash: STRING}>  hash: under which an erased one is remembered
// Columns, one row: rows, a LIST<MAP>, one for each identifier that is there or was erased
//   key, id, kind, value      STRING    all but key null for one that is not there
//   owner                     STRING    id of its customer, null when nobody has it
//   firstSeen, lastSeen       STRING    times
//   firstEventAt, lastEventAt STRING    times; null without events
//   sources                   LIST<STRING>
//   traits                    STRING    JSON, null without traits
//   suppressed                BOOLEAN   it was erased, and must not be known again
// Reads by the unique index on Identifier(key).
UNWIND $identifiers AS row
OPTIONAL MATCH (i:Identifier {key: row.key})
OPTIONAL MATCH (i)-[:IDENTIFIES]->(c:Customer)
WITH row, i, c, EXISTS { MATCH (:Suppressed {hash: row.hash}) } AS suppressed
WHERE i IS NOT NULL OR suppressed
RETURN collect({
  key: row.key, id: i.id, kind: i.kind, value: i.value, owner: c.id,
  firstSeen: toString(i.firstSeen), lastSeen: toString(i.lastSeen),
  firstEventAt: toString(i.firstEventAt), lastEventAt: toString(i.lastEventAt),
  sources: i.sources, traits: i.traits, suppressed: suppressed
}) AS rows
