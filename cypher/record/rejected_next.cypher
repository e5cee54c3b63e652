// Refused messages to try again, in the order in which they came.
//
// Parameters
//   after   STRING   id to start after; rej_ for the first
//   before  STRING   id to end before, so that what is refused meanwhile is not tried again at once
//   limit   INTEGER
// Columns, one row for each, oldest first
//   id          STRING
//   message_id  STRING
//   json        STRING  the message as it came
// Walks the unique index on Rejected(id).
MATCH (r:Rejected)
WHERE r.id > $after AND r.id < $before
RETURN r.id AS id, r.messageId AS message_id, r.json AS json
ORDER BY id LIMIT $limit
