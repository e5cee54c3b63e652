// Lets the feed begin behind a number. From then on nobody reads what was before.
//
// Parameters
//   until  INTEGER
// Columns: none
MATCH (f:Feed {name: 'changes'})
REMOVE f.lock
WITH f
WHERE f.floor < $until
SET f.floor = $until
