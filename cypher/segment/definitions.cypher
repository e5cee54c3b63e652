// All segments whose members are kept by their rules.
//
// Parameters: none
// Columns, one row for each segment, by id
//   id       STRING
//   key      STRING
//   rule     STRING    JSON of the condition
//   status   STRING    BUILDING or LIVE
//   version  INTEGER
//   edited   DATETIME
MATCH (s:Segment)
WHERE s.status IN ['BUILDING', 'LIVE']
RETURN s.id AS id, s.key AS key, s.rule AS rule, s.status AS status, s.version AS version, s.updatedAt AS edited
ORDER BY s.id
