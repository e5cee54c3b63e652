// When events of each name happened last.
//
// Parameters
//   names  LIST<STRING>
// Columns, one row for each name of which there are events
//   name   STRING
//   at     DATETIME
// Reads one entry a name of the index on Event(name, at).
UNWIND $names AS wanted
CALL (wanted) {
  MATCH (e:Event)
  USING INDEX SEEK e:Event(name, at)
  WHERE e.name = wanted AND e.at IS NOT NULL
  RETURN e.at AS at ORDER BY e.name DESC, e.at DESC LIMIT 1
}
RETURN wanted AS name, at
