// Keeps a new API key: its hash, never its text.
//
// Parameters
//   id      STRING        key_...
//   hash    STRING        SHA-256 of its text, hexadecimal
//   name    STRING
//   scopes  LIST<STRING>
//   now     DATETIME
// Columns: none
CREATE (:ApiKey {id: $id, hash: $hash, name: $name, scopes: $scopes, createdAt: $now})
