// Locks all segments, since an edit may not meet another one; then reads what deciding an edit needs.
//
// Removing a property takes the node's write lock, whether or not it is there.
//
// Parameters: none
// Columns, one row for each segment, by id
//   id       STRING
//   key      STRING
//   name     STRING
//   description  STRING  null for none
//   rule     STRING   JSON of the condition
//   status   STRING   BUILDING, LIVE, PAUSED or ARCHIVED
//   version  INTEGER
MATCH (s:Segment)
WITH s ORDER BY s.id
REMOVE s.lock
WITH s
RETURN s.id AS id, s.key AS key, s.name AS name, s.description AS description, s.rule AS rule,
       s.status AS status, s.version AS version
