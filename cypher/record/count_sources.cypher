// Adds to the numbers of the sources of a batch; it comes last in its transaction, since all writers meet here.
//
// Planned once: why, `record/write_batch`.
// Sources are locked in the order of their names. When there are so many that no
// other may be made, what comes from new ones is counted under one name together.
//
// Parameters
//   rows   LIST<MAP{name: STRING, sample: STRING, and how many: messages, events, duplicates, rejected, limited,
//          violations: INTEGER}>
//   most   INTEGER   sources that have a name of their own
//   other  STRING    the name of all others
//   now    DATETIME
// Columns: none
// Reads by the unique index on Source(name).
CYPHER replan=skip
UNWIND $rows AS row
WITH row, EXISTS { MATCH (:Source {name: row.name}) } AS known
WITH collect(CASE WHEN known THEN row END) AS known, collect(CASE WHEN NOT known THEN row END) AS new
WITH known, new, CASE WHEN size(new) = 0 THEN 0 ELSE $most - COUNT { (:Source) } END AS room
UNWIND [row IN known | [row.name, row]]
     + [place IN range(0, size(new) - 1) | [CASE WHEN place < room THEN new[place].name ELSE $other END, new[place]]]
    AS named
WITH named[0] AS name, collect(named[1]) AS rows ORDER BY name
MERGE (s:Source {name: name})
ON CREATE SET s.messages = 0, s.events = 0, s.duplicates = 0, s.rejected = 0, s.limited = 0, s.violations = 0,
              s.firstSeen = $now
// The lock: see tests/store/test_locks.py.
REMOVE s.lock
SET s.messages = s.messages + reduce(sum = 0, row IN rows | sum + row.messages),
    s.events = s.events + reduce(sum = 0, row IN rows | sum + row.events),
    s.duplicates = s.duplicates + reduce(sum = 0, row IN rows | sum + row.duplicates),
    s.rejected = s.rejected + reduce(sum = 0, row IN rows | sum + row.rejected),
    s.limited = s.limited + reduce(sum = 0, row IN rows | sum + row.limited),
    s.violations = s.violations + reduce(sum = 0, row IN rows | sum + row.violations),
    s.lastSeen = $now, s.sample = last(rows).sample
