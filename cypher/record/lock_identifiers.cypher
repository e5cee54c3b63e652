// Locks the identifiers of a batch, makes those that are new, and reads them.
//
// Removing a property takes the node's write lock, whether or not it is there;
// the rows come in key order, so that writers do not deadlock.
//
// Parameters
//   identifiers  LIST<MAP{key: STRING, id: STRING, kind: STRING, value: STRING, labels: LIST<STRING>,
//                hash: STRING}>
//                by key; id, labels: for new ones; hash: under which an erased one is remembered
// Columns, one row: rows, a LIST<MAP>, one for each identifier
//   key, id, kind, value      STRING
//   owner                     STRING    id of its customer, null when nobody has it
//   firstSeen, lastSeen       STRING    times; null for a new one
//   firstEventAt, lastEventAt STRING    times; null without events
//   sources                   LIST<STRING>
//   traits                    STRING    JSON, null without traits
//   suppressed                BOOLEAN   it was erased, and must not be known again
//   version                   INTEGER   of the rules in force; null before there are any
OPTIONAL MATCH (force:RulesInForce {name: 'identity'})
WITH force.version AS version
UNWIND $identifiers AS row
MERGE (i:Identifier {key: row.key})
ON CREATE SET i.id = row.id, i.kind = row.kind, i.value = row.value, i:$(row.labels)
REMOVE i.lock
WITH i, row, version
OPTIONAL MATCH (i)-[:IDENTIFIES]->(c:Customer)
RETURN collect({
  key: i.key, id: i.id, kind: i.kind, value: i.value, owner: c.id,
  firstSeen: toString(i.firstSeen), lastSeen: toString(i.lastSeen),
  firstEventAt: toString(i.firstEventAt), lastEventAt: toString(i.lastEventAt),
  sources: i.sources, traits: i.traits,
  suppressed: EXISTS { MATCH (:Suppressed {hash: row.hash}) }, version: version
}) AS rows
