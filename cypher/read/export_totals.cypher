// How many of each kind there are to walk for an export.
//
// Parameters: none
// Columns, one row
//   customers    INTEGER
//   identifiers  INTEGER
//   events       INTEGER
// Answered by the database's own counters.
RETURN COUNT { MATCH (:Customer) } AS customers, COUNT { MATCH (:Identifier) } AS identifiers,
       COUNT { MATCH (:Event) } AS events
