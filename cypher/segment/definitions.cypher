// All segments whose members are kept by their rules, in one value: each write asks for them.
//
// Each change of a segment makes another edition. Who knows this one is told nothing more.
// The edition is found by its label, since there is one: looked for by its name it would be locked.
// Planned once: why, `record/write_batch`.
//
// Parameters
//   known  STRING  the edition that is known; null for none
// Columns, one row
//   edition  STRING    null before any change
//   found    LIST<LIST<ANY>>  empty when the edition is known; by id, of each
//            id, key   STRING
//            rule      STRING    JSON of the condition
//            building  BOOLEAN
//            version   INTEGER
//            edited    DATETIME
CYPHER replan=skip
OPTIONAL MATCH (e:SegmentEdition)
WITH e.id AS edition
CALL (edition) {
  WITH edition
  WHERE edition IS NULL OR $known IS NULL OR edition <> $known
  MATCH (s:Segment)
  WHERE s.status IN ['BUILDING', 'LIVE']
  WITH s ORDER BY s.id
  RETURN collect([s.id, s.key, s.rule, s.status = 'BUILDING', s.version, s.updatedAt]) AS found
}
RETURN edition, found
