// Keeps how many customers a check found out of place.
//
// Parameters
//   id     STRING   seg_...
//   drift  INTEGER
// Columns: none
MATCH (s:Segment {id: $id})
SET s.drift = $drift
