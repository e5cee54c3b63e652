// Customers with what an export of members may tell of them.
//
// Parameters
//   ids          LIST<STRING>  cus_...
//   traits       BOOLEAN       whether traits are asked for
//   identifiers  BOOLEAN       whether identifiers are asked for
// Columns, one row for each customer that is there, by id
//   id                                       STRING
//   created, updated, first_seen, last_seen  STRING  as toString() writes times
//   traits       STRING              JSON; null when they are not asked for
//   identifiers  LIST<LIST<STRING>>  [kind, value], seen last first; null when they are not asked for
// Reads by the unique index on Customer(id).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  WHERE $identifiers
  WITH i ORDER BY i.lastSeen DESC, i.key
  RETURN collect([i.kind, i.value]) AS identifiers
}
RETURN c.id AS id, toString(c.createdAt) AS created, toString(c.updatedAt) AS updated,
       toString(c.firstSeen) AS first_seen, toString(c.lastSeen) AS last_seen,
       CASE WHEN $traits THEN coalesce(c.traits, '{}') END AS traits, identifiers
ORDER BY id
