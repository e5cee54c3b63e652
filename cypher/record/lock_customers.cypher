// Locks customers in the order of their ids, and reads what a merge needs of them.
//
// Parameters
//   ids  LIST<STRING>  ascending
// Columns, one row for each live customer
//   id                   STRING
//   createdAt            STRING      a time
//   firstSeen, lastSeen  STRING      times
//   counts               LIST<LIST>  pairs of property name (count.<kind>) and number
//   traits, traitTimes   STRING      JSON
UNWIND $ids AS id
MATCH (c:Customer {id: id})
REMOVE c.lock
WITH c
RETURN c.id AS id, toString(c.createdAt) AS createdAt, toString(c.firstSeen) AS firstSeen,
       toString(c.lastSeen) AS lastSeen,
       [name IN keys(c) WHERE name STARTS WITH 'count.' | [name, c[name]]] AS counts,
       c.traits AS traits, c.traitTimes AS traitTimes
