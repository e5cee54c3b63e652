// A page of messages that could not be taken, counted from the list's end. The list goes from the newest.
//
// Parameters
//   after   STRING   id to start after; null for none
//   before  STRING   id to end before; null for none
//   limit   INTEGER
// Columns, one row for each message, nearest to the end first
//   id          STRING    rej_...; its ULID orders messages by arrival
//   message_id  STRING
//   received    DATETIME
//   source      STRING
//   code        STRING
//   reason      STRING
//   json        STRING    the message as it came
//   tries       INTEGER   how often it was refused
//   tried       DATETIME  when it was tried again last; null for never
// Walks the unique index on Rejected(id).
MATCH (r:Rejected)
WHERE r.id < coalesce($after, 'rej_~') AND r.id > coalesce($before, 'rej_')
RETURN r.id AS id, r.messageId AS message_id, r.receivedAt AS received, r.source AS source,
       r.code AS code, r.reason AS reason, r.json AS json,
       coalesce(r.tries, 1) AS tries, r.triedAt AS tried
ORDER BY r.id LIMIT $limit
