// Remembers that the content of a rules file is what this version says.
//
// Parameters
//   version  INTEGER
//   hash     STRING
// Columns: none
MATCH (r:RuleSet {version: $version})
SET r.fileHash = $hash
