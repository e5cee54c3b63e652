// Begins to check a segment's members, unless somebody did lately.
//
// Parameters
//   id      STRING    seg_...
//   now     DATETIME
//   before  DATETIME  what was checked behind it was checked lately
// Columns, one row; none when it was checked lately
//   id      STRING
MATCH (s:Segment {id: $id})
REMOVE s.lock
WITH s WHERE coalesce(s.checkedAt <= $before, true)
SET s.checkedAt = $now
RETURN s.id AS id
