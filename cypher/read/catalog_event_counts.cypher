// How many events of each name there are since a moment; counting stops at a limit.
//
// Parameters
//   names   LIST<STRING>
//   since   DATETIME
//   limit   INTEGER       most to count of each
// Columns, one row for each name
//   name    STRING
//   events  INTEGER
// Walks the index on Event(name, at).
UNWIND $names AS wanted
CALL (wanted) {
  MATCH (e:Event)
  USING INDEX SEEK e:Event(name, at)
  WHERE e.name = wanted AND e.at >= $since
  WITH e LIMIT $limit
  RETURN count(e) AS events
}
RETURN wanted AS name, events
