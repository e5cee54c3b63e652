// Takes a customer out of sight, with all ids that lead to it, and remembers its identifiers as erased.
//
// Parameters
//   id      STRING              of the live customer, locked with its identifiers
//   hashes  LIST<MAP{key: STRING, hash: STRING}>
// Columns, one row
//   ids     LIST<STRING>        of the customer and those that were merged into it
MATCH (c:Customer {id: $id})
OPTIONAL MATCH (former:MergedCustomer)-[:MERGED_INTO*1..]->(c)
WITH c, collect(DISTINCT former) AS formers
CALL (c) {
  UNWIND $hashes AS row
  MERGE (:Suppressed {hash: row.hash})
  WITH row
  MATCH (i:Identifier {key: row.key})-[held:IDENTIFIES|IDENTIFIED]->()
  SET i:Erased
  REMOVE i:Identifier:User:Email:Phone:Device:Anonymous
  DELETE held
}
WITH c, formers, [c.id] + [former IN formers | former.id] AS ids
FOREACH (former IN formers | DETACH DELETE former)
DETACH DELETE c
RETURN ids
