// A conflict, locked.
//
// Parameters
//   id  STRING  cfl_...
// Columns, one row when it is known
//   status               STRING
//   subject, identifier  STRING    keys
//   count                INTEGER
//   firstSeen, lastSeen  STRING    times
//   source, message      STRING
MATCH (c:Conflict {id: $id})
REMOVE c.lock
RETURN c.status AS status, c.subject AS subject, c.identifier AS identifier, c.count AS count,
       toString(c.firstSeen) AS firstSeen,
       toString(c.lastSeen) AS lastSeen, c.source AS source, c.message AS message
