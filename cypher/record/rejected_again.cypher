// Keeps the newest reason of messages that were refused once more, in the place where they are kept already.
//
// Parameters
//   rows   LIST<MAP{id: STRING, messageId: STRING, code: STRING, reason: STRING, json: STRING}>
//          code, reason, json: null where what is kept stays
//   since  DATETIME  when trying them began
//   now    DATETIME
// Columns: none
// What the recorder kept of this try goes; it is found by the index on Rejected(messageId).
WITH [row IN $rows | row.id] AS tried
UNWIND $rows AS row
MATCH (r:Rejected {id: row.id})
SET r.code = coalesce(row.code, r.code), r.reason = coalesce(row.reason, r.reason),
    // A hash stands for the text that it was made of; where that must not stay, nor may it.
    r.hash = CASE WHEN row.json IS NULL THEN r.hash END,
    r.json = coalesce(row.json, r.json), r.tries = coalesce(r.tries, 1) + 1, r.triedAt = $now
WITH tried, collect(DISTINCT row.messageId) AS messages
UNWIND messages AS message
MATCH (copy:Rejected {messageId: message})
WHERE copy.receivedAt >= $since AND NOT copy.id IN tried
DELETE copy
