// What limits need to know of customers.
//
// Parameters
//   ids    LIST<STRING>
//   kinds  LIST<STRING>  those whose limit looks at a window
// Columns, one row for each live customer
//   id      STRING
//   counts  LIST<LIST>  pairs of property name (count.<kind>) and number
//   recent  LIST<LIST>  of these kinds: [kind, key, times when first and last seen, as text]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN c.id AS id,
       [name IN keys(c) WHERE name STARTS WITH 'count.' | [name, c[name]]] AS counts,
       COLLECT {
         MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
         WHERE i.kind IN $kinds
         RETURN [i.kind, i.key, toString(i.firstSeen), toString(i.lastSeen)]
       } AS recent
