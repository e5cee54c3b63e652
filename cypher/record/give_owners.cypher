// Gives identifiers to customers. Whose they were before is kept, dated, as IDENTIFIED.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{key: STRING, left: DATETIME, leftBy: STRING, past: LIST<MAP>, customer: STRING, since: DATETIME}>
//           left, leftBy: when the stored owner lost it, and by which merge (null when it moved alone);
//           past: MAP{customer: STRING, since: DATETIME, until: DATETIME, merge: STRING}, owners in between
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (i:Identifier {key: row.key})
MATCH (c:Customer {id: row.customer})
OPTIONAL MATCH (i)-[old:IDENTIFIES]->(was)
FOREACH (_ IN CASE WHEN old IS NULL THEN [] ELSE [1] END |
  CREATE (i)-[:IDENTIFIED {since: old.since, until: row.left, merge: row.leftBy}]->(was)
  DELETE old
)
CREATE (i)-[:IDENTIFIES {since: row.since}]->(c)
WITH i, row
UNWIND row.past AS spell
MATCH (p:Customer {id: spell.customer})
CREATE (i)-[:IDENTIFIED {since: spell.since, until: spell.until, merge: spell.merge}]->(p)
