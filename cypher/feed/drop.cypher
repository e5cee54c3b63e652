// Deletes pages that are behind the beginning of the feed.
//
// Parameters
//   limit  INTEGER
// Columns, one row
//   dropped  INTEGER
MATCH (f:Feed {name: 'changes'})
WITH f.floor AS floor
CALL (floor) {
  MATCH (p:ChangePage)
  USING INDEX SEEK p:ChangePage(last)
  WHERE p.last <= floor
  RETURN p ORDER BY p.last LIMIT $limit
}
DELETE p
RETURN count(p) AS dropped
