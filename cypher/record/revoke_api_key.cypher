// Revokes an API key for good; one that is revoked already keeps its time.
//
// Parameters
//   id   STRING    key_...
//   now  DATETIME
// Columns, one row when there is such a key
//   name     STRING
//   revoked  DATETIME
MATCH (k:ApiKey {id: $id})
SET k.revokedAt = coalesce(k.revokedAt, $now)
RETURN k.name AS name, k.revokedAt AS revoked
