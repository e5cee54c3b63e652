// When the latest event happened, of those that are not in the future.
//
// Parameters
//   now  DATETIME
// Columns, one row when there are events
//   at   DATETIME
// Walks the index on Event(at, id).
MATCH (e:Event)
USING INDEX SEEK e:Event(at, id)
WHERE e.at <= $now AND e.id IS NOT NULL
RETURN e.at AS at ORDER BY e.at DESC LIMIT 1
