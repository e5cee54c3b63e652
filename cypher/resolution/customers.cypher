// Customers whole, to be resolved again: their identifiers and the evidence between them that counts.
//
// Parameters
//   ids      LIST<STRING>
// Columns, one row for each live customer
//   id       STRING
//   members  LIST<LIST>  [key, time when last seen, as text]
//   ties     LIST<LIST>  [id, smaller key, greater key, time when first seen, as text, made by hand,
//                        time when last seen, as text, count, source, message]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN c.id AS id,
       COLLECT { MATCH (c)<-[:IDENTIFIES]-(i:Identifier) RETURN [i.key, toString(i.lastSeen)] } AS members,
       COLLECT {
         MATCH (c)<-[:IDENTIFIES]-(one:Identifier)-[l:LINKED]->(other:Identifier)-[:IDENTIFIES]->(c)
         WHERE l.endedAt IS NULL
         RETURN [l.id, one.key, other.key, toString(l.firstSeen), coalesce(l.byHand, false), toString(l.lastSeen),
                 l.count, l.source, l.event]
       } AS ties
