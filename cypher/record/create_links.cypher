// Makes evidence, from the smaller key to the greater.
//
// Parameters
//   rows  LIST<MAP{one: STRING, other: STRING, properties: MAP,
//         and as text the times firstSeen, lastSeen, endedAt}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (one:Identifier {key: row.one})
MATCH (other:Identifier {key: row.other})
CREATE (one)-[l:LINKED]->(other)
SET l += row.properties,
    l.firstSeen = datetime(row.firstSeen), l.lastSeen = datetime(row.lastSeen), l.endedAt = datetime(row.endedAt)
