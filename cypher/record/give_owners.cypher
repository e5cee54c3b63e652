// Gives identifiers to customers. Who had one before is kept, dated, as IDENTIFIED.
//
// Parameters
//   rows  LIST<MAP{key: STRING, customer: STRING}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
MATCH (c:Customer {id: row.customer})
OPTIONAL MATCH (i)-[old:IDENTIFIES]->(was)
FOREACH (_ IN CASE WHEN old IS NULL THEN [] ELSE [1] END |
  CREATE (i)-[:IDENTIFIED {since: old.since, until: $now}]->(was)
  DELETE old
)
CREATE (i)-[:IDENTIFIES {since: $now}]->(c)
