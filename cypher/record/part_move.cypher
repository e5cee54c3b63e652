// Gives identifiers to another customer; whose they were is kept, dated.
//
// Parameters
//   rows  LIST<MAP{key: STRING, customer: STRING}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})-[old:IDENTIFIES]->(was:Customer)
MATCH (c:Customer {id: row.customer})
CREATE (i)-[:IDENTIFIED {since: old.since, until: $now}]->(was)
CREATE (i)-[:IDENTIFIES {since: $now}]->(c)
DELETE old
