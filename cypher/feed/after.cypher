// The pages of the feed that hold the changes numbered after+1 to until, in order.
//
// A walk of the index on ChangePage(last), and one page behind it, which may hold the last of them.
//
// Parameters
//   after, until  INTEGER
// Columns, one row: feed, a MAP
//   floor  INTEGER    changes up to this number were dropped; 0 when there is no feed yet
//   pages  LIST<MAP{first: INTEGER, last: INTEGER, at: STRING, changes: STRING}>
OPTIONAL MATCH (f:Feed {name: 'changes'})
WITH coalesce(f.floor, 0) AS floor
WITH floor,
     COLLECT {
       MATCH (p:ChangePage)
       USING INDEX SEEK p:ChangePage(last)
       WHERE p.last > $after AND p.last <= $until
       RETURN {first: p.first, last: p.last, at: toString(p.at), changes: p.changes}
       ORDER BY p.last
     } + COLLECT {
       MATCH (p:ChangePage)
       USING INDEX SEEK p:ChangePage(last)
       WHERE p.last > $until
       WITH p ORDER BY p.last LIMIT 1
       WHERE p.first <= $until
       RETURN {first: p.first, last: p.last, at: toString(p.at), changes: p.changes}
     } AS pages
RETURN {floor: floor, pages: pages} AS feed
