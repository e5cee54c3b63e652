// Locks those of the next pages of the feed in which one of some words is written, and reads them.
//
// Pages are locked in the order of their numbers by whoever changes them.
//
// Parameters
//   after  INTEGER       pages behind this number
//   limit  INTEGER       pages to look at
//   words  LIST<STRING>  as JSON writes them
// Columns, one row
//   last   INTEGER       number of the last change looked at; null behind the end
//   pages  LIST<MAP{last: INTEGER, changes: STRING}>
MATCH (p:ChangePage)
USING INDEX SEEK p:ChangePage(last)
WHERE p.last > $after
WITH p ORDER BY p.last LIMIT $limit
WITH max(p.last) AS last, collect(CASE WHEN any(word IN $words WHERE p.changes CONTAINS word) THEN p END) AS found
FOREACH (p IN found | REMOVE p.lock)
WITH last, found
RETURN last, [p IN found | {last: p.last, changes: p.changes}] AS pages
