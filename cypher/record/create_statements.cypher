// Keeps the messages that record no event, so that each is taken once.
//
// Parameters
//   rows  LIST<MAP{properties: MAP, at: STRING, a time}>  properties: id, type, subject, source, identifiers
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (s:Statement)
SET s = row.properties, s.at = datetime(row.at), s.receivedAt = $now
