// Logs the parts that came out of a customer.
//
// Parameters
//   rows  LIST<MAP{id: STRING, customer: STRING, part: STRING, cause: STRING, identifiers: LIST<STRING>,
//         merge: STRING, reason: STRING}>  merge, reason may be null
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
CREATE (s:Split)
SET s = row, s.at = $now
