// Sets properties of identifiers.
//
// Parameters
//   rows  LIST<MAP{key: STRING, properties: MAP, and as text the times
//         firstSeen, lastSeen, firstEventAt, lastEventAt}>  a property of null is removed
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
SET i += row.properties,
    i.firstSeen = datetime(row.firstSeen), i.lastSeen = datetime(row.lastSeen),
    i.firstEventAt = datetime(row.firstEventAt), i.lastEventAt = datetime(row.lastEventAt)
