// Writes pages of the feed anew: the same numbers, with less in them.
//
// Parameters
//   pages  LIST<MAP{last: INTEGER, changes: STRING}>  locked
// Columns: none
UNWIND $pages AS page
MATCH (p:ChangePage {last: page.last})
SET p.changes = page.changes
