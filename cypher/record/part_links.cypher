// The evidence that counts between the identifiers of a customer.
//
// Parameters
//   id  STRING
// Columns, one row for each link, in the order of arrival
//   id          STRING
//   one, other  STRING  keys, the smaller first
MATCH (c:Customer {id: $id})<-[:IDENTIFIES]-(one:Identifier)-[l:LINKED]->(other:Identifier)-[:IDENTIFIES]->(c)
WHERE l.endedAt IS NULL
RETURN l.id AS id, one.key AS one, other.key AS other
ORDER BY id
