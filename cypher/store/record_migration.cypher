// Notes that a migration was applied.
//
// Parameters
//   number  INTEGER
//   name    STRING
//   sha256  STRING
// Columns: none
CREATE (m:Migration {number: $number, name: $name, sha256: $sha256, at: datetime()})
