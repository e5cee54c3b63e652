// Sets properties of evidence that is there.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{one: STRING, other: STRING, id: STRING, properties: MAP,
//           and as text the times firstSeen, lastSeen, endedAt}>
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (one:Identifier {key: row.one})
MATCH (other:Identifier {key: row.other})
// Both ends are found before their links: from one alone, a hub, there may be thousands to walk.
CALL (one, other, row) {
  MATCH (one)-[l:LINKED]->(other)
  WHERE l.id = row.id
  RETURN l
}
SET l += row.properties,
    l.firstSeen = datetime(row.firstSeen), l.lastSeen = datetime(row.lastSeen), l.endedAt = datetime(row.endedAt)
