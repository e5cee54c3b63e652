// Gives all identifiers of absorbed customers to whom they went into. Each is locked first.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{id: STRING, left: DATETIME, leftBy: STRING, past: LIST<MAP>, customer: STRING, since: DATETIME}>
//           id: absorbed, at `left` by the merge `leftBy`; customer: a live one, since `since`;
//           past: MAP{customer: STRING, since: DATETIME, until: DATETIME, merge: STRING}, owners in between
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (gone:Customer {id: row.id})<-[old:IDENTIFIES]-(i:Identifier)
MATCH (c:Customer {id: row.customer})
REMOVE i.lock
CREATE (i)-[:IDENTIFIED {since: old.since, until: row.left, merge: row.leftBy}]->(gone)
CREATE (i)-[:IDENTIFIES {since: row.since}]->(c)
DELETE old
WITH i, row
UNWIND row.past AS spell
MATCH (p:Customer {id: spell.customer})
CREATE (i)-[:IDENTIFIED {since: spell.since, until: spell.until, merge: spell.merge}]->(p)
