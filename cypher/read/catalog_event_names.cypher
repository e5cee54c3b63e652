// The names of events, in the order of code points.
//
// Each step seeks the first name behind the last one, so it costs by the number
// of names, however many events there are.
//
// Parameters
//   most   INTEGER
// Columns, one row
//   names  LIST<STRING>
// Seeks in the index on Event(name, at).
RETURN reduce(names = [], step IN range(1, $most) | names + COLLECT {
  MATCH (e:Event)
  USING INDEX SEEK e:Event(name, at)
  WHERE e.name > coalesce(last(names), '') AND e.at IS NOT NULL
  RETURN e.name ORDER BY e.name, e.at LIMIT 1
}) AS names
