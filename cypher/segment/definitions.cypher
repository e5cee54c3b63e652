// All segments whose members are kept by their rules, in one value: each write asks for them.
//
// Parameters: none
// Columns, one row
//   found  LIST<LIST<ANY>>  by id, of each
//          id, key   STRING
//          rule      STRING    JSON of the condition
//          building  BOOLEAN
//          version   INTEGER
//          edited    DATETIME
MATCH (s:Segment)
WHERE s.status IN ['BUILDING', 'LIVE']
WITH s ORDER BY s.id
RETURN collect([s.id, s.key, s.rule, s.status = 'BUILDING', s.version, s.updatedAt]) AS found
