// Adds changes to the feed, and counts on. The last statement of a write transaction.
//
// Removing a property takes the counter's write lock, whether or not it is there, and it is kept until the
// commit: so numbers have no gaps, and no number is visible before a smaller one. The time is read
// after the lock, so that times go up with the numbers.
// Planned once: why, `record/write_batch`.
//
// Parameters
//   pages  LIST<MAP{offset: INTEGER, size: INTEGER, changes: STRING}>
//          offset: how many changes are in the pages before; changes: JSON, `size` of them
//   count  INTEGER  of all pages together
// Columns, one row
//   first  INTEGER  number of the first change
CYPHER replan=skip
MERGE (f:Feed {name: 'changes'})
ON CREATE SET f.seq = 0, f.floor = 0
REMOVE f.lock
WITH f
WITH f, f.seq AS before, datetime.realtime() AS at
FOREACH (page IN $pages |
  CREATE (:ChangePage {first: before + page.offset + 1, last: before + page.offset + page.size, at: at,
                       changes: page.changes})
)
SET f.seq = before + $count
RETURN before + 1 AS first
