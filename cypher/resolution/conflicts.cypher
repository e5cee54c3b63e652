// A page of the refused evidence that is open, by id.
//
// Parameters
//   after  STRING   id to start after; '' for none
//   page   INTEGER  how many
// Columns, one row for each piece
//   id                   STRING
//   subject, identifier  STRING   keys
//   count                INTEGER
//   firstSeen, lastSeen  STRING   times
//   source, message      STRING   message: id of the first one
// Walks the index on Conflict(status, id), whose order is that of both. It is named, since on a graph with few
// conflicts the planner would take the unique one on the id, and sort.
MATCH (c:Conflict)
USING INDEX SEEK c:Conflict(status, id)
WHERE c.status = 'OPEN' AND c.id > $after
WITH c ORDER BY c.status, c.id LIMIT $page
RETURN c.id AS id, c.subject AS subject, c.identifier AS identifier, c.count AS count,
       toString(c.firstSeen) AS firstSeen, toString(c.lastSeen) AS lastSeen, c.source AS source, c.message AS message
