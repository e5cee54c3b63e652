// Refused messages to try again, by their ids.
//
// Parameters
//   ids  LIST<STRING>  rej_...
// Columns, one row for each that is there, oldest first
//   id          STRING
//   message_id  STRING
//   json        STRING  the message as it came
// Finds them by the unique index on Rejected(id).
UNWIND $ids AS wanted
MATCH (r:Rejected {id: wanted})
RETURN r.id AS id, r.messageId AS message_id, r.json AS json
ORDER BY id
