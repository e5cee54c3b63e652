// A page of sources, counted from the list's end. The list goes by name.
//
// Parameters
//   after   STRING   name to start after; null for none
//   before  STRING   name to end before; null for none
//   limit   INTEGER
// Columns, one row for each source, nearest to the end first
//   name        STRING
//   messages    INTEGER   all that came; the next five are of them
//   events      INTEGER   recorded
//   duplicates  INTEGER   were there already
//   rejected    INTEGER   refused, and kept
//   limited     INTEGER   refused for their number, and not kept
//   violations  INTEGER   broke the tracking plan
//   first       DATETIME  when the first one came
//   last        DATETIME  when the latest one came
//   sample      STRING    JSON, the shape of the latest one
// Walks the unique index on Source(name).
MATCH (s:Source)
WHERE s.name > coalesce($after, '') AND CASE WHEN $before IS NULL THEN true ELSE s.name < $before END
WITH s ORDER BY s.name DESC LIMIT $limit
RETURN s.name AS name, s.messages AS messages, s.events AS events, s.duplicates AS duplicates,
       s.rejected AS rejected, s.limited AS limited, s.violations AS violations,
       s.firstSeen AS first, s.lastSeen AS last, s.sample AS sample
