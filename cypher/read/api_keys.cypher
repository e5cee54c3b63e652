// All API keys, revoked ones included, oldest first.
//
// Parameters: none
// Columns, one row for each key
//   id         STRING        key_...
//   hash       STRING        SHA-256 of its text, hexadecimal
//   name       STRING
//   scopes     LIST<STRING>
//   created    DATETIME
//   last_used  DATETIME      null before its first use
//   revoked    DATETIME      null while it is good
// There are few, and they are read at most every few seconds.
MATCH (k:ApiKey)
RETURN k.id AS id, k.hash AS hash, k.name AS name, k.scopes AS scopes, k.createdAt AS created,
       k.lastUsedAt AS last_used, k.revokedAt AS revoked
ORDER BY id
