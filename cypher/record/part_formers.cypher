// The customers that were merged into a live one, and what each brought along.
//
// Parameters
//   id  STRING
// Columns, one row for each merged customer
//   id         STRING
//   createdAt  DATETIME
//   into       STRING        whom it went into, itself perhaps merged since
//   held       LIST<STRING>  keys of those identifiers that are still the live customer's
MATCH (c:Customer {id: $id})
MATCH (c)<-[:MERGED_INTO*1..]-(former:MergedCustomer)
MATCH (former)-[merge:MERGED_INTO]->(into)
RETURN former.id AS id, former.createdAt AS createdAt, into.id AS into,
       COLLECT {
         MATCH (former)<-[past:IDENTIFIED]-(i:Identifier)-[:IDENTIFIES]->(c)
         WHERE past.merge = merge.merge
         RETURN i.key
       } AS held
