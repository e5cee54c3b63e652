// The sources that the latest events, and the customers seen last, come from.
//
// Parameters
//   events     INTEGER  so many events
//   customers  INTEGER  so many customers, with all of their identifiers
// Columns, one row for each source, sorted
//   source     STRING
// Walks the indexes on Event(at, id) and Customer(lastSeen, id).
CALL () {
  MATCH (e:Event)
  USING INDEX e:Event(at, id)
  WHERE e.at IS NOT NULL AND e.id IS NOT NULL
  WITH e ORDER BY e.at DESC, e.id DESC LIMIT $events
  RETURN e.source AS source
  UNION
  MATCH (c:Customer)
  USING INDEX c:Customer(lastSeen, id)
  WHERE c.lastSeen IS NOT NULL AND c.id IS NOT NULL
  WITH c ORDER BY c.lastSeen DESC, c.id DESC LIMIT $customers
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  UNWIND i.sources AS source
  RETURN source
}
WITH source WHERE source IS NOT NULL
RETURN source ORDER BY source
