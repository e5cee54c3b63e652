// Gives all identifiers of absorbed customers to whom they went into. Each is locked first.
//
// Parameters
//   rows  LIST<MAP{id: STRING, final: STRING}>  final: a live customer
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (gone:Customer {id: row.id})<-[old:IDENTIFIES]-(i:Identifier)
MATCH (c:Customer {id: row.final})
REMOVE i.lock
CREATE (i)-[:IDENTIFIED {since: old.since, until: $now}]->(gone)
CREATE (i)-[:IDENTIFIES {since: $now}]->(c)
DELETE old
