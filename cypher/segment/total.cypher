// How many segments there are.
//
// Parameters
//   search  STRING  part of a name or key, in any case; null for all
//   statuses  LIST<STRING>  of those asked for
// Columns, one row
//   total  INTEGER
MATCH (s:Segment)
WHERE s.status IN $statuses
  AND ($search IS NULL OR toLower(s.name) CONTAINS toLower($search) OR s.key CONTAINS toLower($search))
RETURN count(s) AS total
