// Keeps the messages that record no event, so that each is taken once.
//
// Parameters
//   rows  LIST<MAP>  id, type, at, receivedAt, subject, source, identifiers
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (s:Statement)
SET s = row
