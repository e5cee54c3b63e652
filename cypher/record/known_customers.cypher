// What a merge needs of customers, as `lock_customers` tells it, but without a lock.
//
// Parameters
//   ids  LIST<STRING>
// Columns, one row: rows, a LIST<MAP>, one for each live customer
//   id                   STRING
//   createdAt            STRING      a time
//   firstSeen, lastSeen  STRING      times
//   counts               LIST<LIST>  pairs of property name (count.<kind>) and number
//   traits, traitTimes   STRING      JSON
// Reads by the unique index on Customer(id).
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN collect({
  id: c.id, createdAt: toString(c.createdAt), firstSeen: toString(c.firstSeen), lastSeen: toString(c.lastSeen),
  counts: [name IN keys(c) WHERE name STARTS WITH 'count.' | [name, c[name]]],
  traits: c.traits, traitTimes: c.traitTimes
}) AS rows
