// What customers derive from their identifiers.
//
// Parameters
//   ids  LIST<STRING>
// Columns, one row for each customer
//   id         STRING
//   createdAt  DATETIME
//   kinds      LIST<STRING>  kinds of which a number is kept now
//   traits     STRING        those that the customer has now, JSON; null for a new one
//   members    LIST<MAP{kind: STRING, firstSeen: DATETIME, lastSeen: DATETIME, traits: STRING}>
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN c.id AS id, c.createdAt AS createdAt,
       [name IN keys(c) WHERE name STARTS WITH 'count.' | substring(name, 6)] AS kinds, c.traits AS traits,
       COLLECT {
         MATCH (i:Identifier)-[:IDENTIFIES]->(c)
         RETURN {kind: i.kind, firstSeen: i.firstSeen, lastSeen: i.lastSeen, traits: i.traits}
       } AS members
