// Deletes what is kept of refused messages word for word more than once; the oldest stays.
//
// Parameters
//   ids  LIST<STRING>  of the messages
// Columns: none
// Found by the index on Rejected(messageId).
UNWIND $ids AS id
MATCH (r:Rejected {messageId: id})
WITH id, r ORDER BY r.receivedAt, r.id
WITH id, r.json AS json, collect(r) AS kept
UNWIND kept[1..] AS copy
DELETE copy
