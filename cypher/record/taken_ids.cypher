// Which of many message ids were taken before, whatever became of the messages' customers.
//
// Parameters
//   ids  LIST<STRING>  up to 20,000
// Columns, one row for each id that was taken, in no order
//   id   STRING
// Reads by the unique indexes on Event(id) and Statement(id).
MATCH (e:Event)
WHERE e.id IN $ids
RETURN e.id AS id
UNION ALL
MATCH (s:Statement)
WHERE s.id IN $ids
RETURN s.id AS id
