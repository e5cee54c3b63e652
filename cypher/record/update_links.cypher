// Sets properties of evidence that is there.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{one: STRING, other: STRING, id: STRING, properties: MAP, times: LIST<INTEGER>}>
//           times: as those of links of `record/write_batch`
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
    l.firstSeen = datetime.fromepoch(row.times[0], row.times[1]),
    l.lastSeen = datetime.fromepoch(row.times[2], row.times[3]),
    l.endedAt = CASE WHEN row.times[4] IS NULL THEN null ELSE datetime.fromepoch(row.times[4], row.times[5]) END
