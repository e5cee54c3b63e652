// Customers whole, to be resolved again: their identifiers and the evidence between them that counts.
//
// Parameters
//   ids      LIST<STRING>
// Columns, one row for each live customer
//   id       STRING
//   members  LIST<LIST>  [key, times when first and last seen, as text]
//   ties     LIST<LIST>  [id, smaller key, greater key, times when first and last seen, as text, made by hand,
//                        count, source, message]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN c.id AS id,
       COLLECT { MATCH (c)<-[:IDENTIFIES]-(i:Identifier) RETURN [i.key, toString(i.firstSeen), toString(i.lastSeen)] } AS members,
       COLLECT {
         MATCH (c)<-[:IDENTIFIES]-(one:Identifier)-[l:LINKED]->(other:Identifier)-[:IDENTIFIES]->(c)
         WHERE l.endedAt IS NULL
         RETURN [l.id, one.key, other.key, toString(l.firstSeen), toString(l.lastSeen), coalesce(l.byHand, false),
                 l.count, l.source, l.event]
       } AS ties
