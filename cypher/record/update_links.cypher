// Sets properties of evidence that is there.
//
// Parameters
//   rows  LIST<MAP{one: STRING, other: STRING, id: STRING, properties: MAP,
//         and as text the times firstSeen, lastSeen, endedAt}>
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (:Identifier {key: row.one})-[l:LINKED]->(:Identifier {key: row.other})
WHERE l.id = row.id
SET l += row.properties,
    l.firstSeen = datetime(row.firstSeen), l.lastSeen = datetime(row.lastSeen), l.endedAt = datetime(row.endedAt)
