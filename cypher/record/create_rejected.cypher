// Keeps messages that could not be recorded, with the reason.
//
// Parameters
//   rows  LIST<MAP{id: STRING, messageId: STRING, source: STRING, code: STRING, reason: STRING, json: STRING}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (r:Rejected)
SET r = row, r.receivedAt = $now
