// Writes a decision on consent in place of the one that the identifier has.
//
// Parameters
//   key        STRING    of the identifier, locked with its customer
//   purpose    STRING
//   granted    BOOLEAN
//   at         DATETIME
//   expiresAt  DATETIME  or null
//   source     STRING    or null
//   now        DATETIME  when the customer changes
// Columns: none
MATCH (i:Identifier {key: $key})-[:IDENTIFIES]->(c:Customer)
SET c.updatedAt = $now
MERGE (k:Consent {key: i.key + ' ' + $purpose})
ON CREATE SET k.purpose = $purpose
SET k.granted = $granted, k.at = $at, k.expiresAt = $expiresAt, k.source = $source
MERGE (k)-[:OF]->(i)
