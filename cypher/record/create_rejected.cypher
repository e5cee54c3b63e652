// Keeps messages that could not be recorded, with the reason; the very same one is kept once.
//
// Parameters
//   rows  LIST<MAP{id: STRING, hash: STRING, messageId: STRING, source: STRING, code: STRING, reason: STRING,
//         json: STRING}>  by hash, which stands for messageId and json together
//   now   DATETIME
// Columns: none
// Finds them by the unique index on Rejected(hash).
UNWIND $rows AS row
MERGE (r:Rejected {hash: row.hash})
ON CREATE SET r = row, r.receivedAt = $now
ON MATCH SET r.code = row.code, r.reason = row.reason
