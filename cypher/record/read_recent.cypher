// When identifiers of kinds whose limit looks at a window were last seen.
//
// Parameters
//   ids    LIST<STRING>  of customers
//   kinds  LIST<STRING>
// Columns, one row for each identifier
//   customer  STRING
//   kind      STRING
//   key       STRING
//   lastSeen  STRING  a time
UNWIND $ids AS id
MATCH (c:Customer {id: id})<-[:IDENTIFIES]-(i:Identifier)
WHERE i.kind IN $kinds
RETURN id AS customer, i.kind AS kind, i.key AS key, toString(i.lastSeen) AS lastSeen
