// Hangs events on their identifiers; they never move.
//
// Parameters
//   rows  LIST<MAP{subject: STRING, properties: MAP, at: STRING, a time}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (i:Identifier {key: row.subject})
CREATE (e:Event)-[:BY]->(i)
SET e = row.properties, e.at = datetime(row.at), e.receivedAt = $now
