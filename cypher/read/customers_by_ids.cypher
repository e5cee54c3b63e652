// Live customers by id.
//
// Parameters
//   ids  LIST<STRING>  cus_...
// Columns, one row for each customer that lives, in no order
//   id           STRING
//   created      DATETIME
//   first_seen   DATETIME
//   last_seen    DATETIME
//   updated      DATETIME
//   traits       STRING  JSON: {name: value}
//   trait_times  STRING  JSON: {name: [at, message id, source]}
// Reads by the unique index on Customer(id).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
RETURN c.id AS id, c.createdAt AS created, c.firstSeen AS first_seen, c.lastSeen AS last_seen,
       c.updatedAt AS updated, c.traits AS traits, c.traitTimes AS trait_times
