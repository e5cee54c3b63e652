// Which content of a rules file was taken last.
//
// Parameters: none
// Columns, one row; none when no file was ever taken
//   hash  STRING
MATCH (r:RuleSet)
WHERE r.fileHash IS NOT NULL
RETURN r.fileHash AS hash ORDER BY r.version DESC LIMIT 1
