// Locks an identifier, then its customer, and reads what was decided on a purpose.
//
// An identifier that is locked cannot change its owner, so the customer that is
// found after the first lock is still the one after the second.
//
// Parameters
//   key      STRING  of the identifier
//   purpose  STRING
// Columns, one row when the identifier belongs to somebody, else none
//   customer       STRING
//   granted        BOOLEAN   null when nothing was decided yet
//   at, expiresAt  DATETIME  or null
MATCH (i:Identifier {key: $key})
REMOVE i.lock
WITH i
MATCH (i)-[:IDENTIFIES]->(c:Customer)
REMOVE c.lock
WITH i, c
OPTIONAL MATCH (k:Consent {key: i.key + ' ' + $purpose})
RETURN c.id AS customer, k.granted AS granted, k.at AS at, k.expiresAt AS expiresAt
