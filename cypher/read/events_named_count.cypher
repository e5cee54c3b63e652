// How many events with certain names each customer has within bounds; counting stops at a limit.
//
// The conditions on ids are CASEs: with OR the planner leaves the index's order.
//
// Parameters
//   ids      LIST<STRING>  cus_...
//   names    LIST<STRING>  only these event names, each once
//   sources  LIST<STRING>  only from these; null for all
//   low      DATETIME      lower bound: events at that time count when their id is greater than low_id
//   low_id   STRING        '' includes all events at that time
//   high     DATETIME      upper bound: events at that time count when their id is less than high_id
//   high_id  STRING        '' includes none at that time
//   limit    INTEGER       most to count for each customer
// Columns, one row for each customer, in no order
//   id      STRING
//   events  INTEGER
// Walks the index on Event(subject, name, at).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  WHERE i.lastEventAt >= $low AND i.firstEventAt <= $high
  UNWIND $names AS name
  CALL (i, name) {
    MATCH (e:Event)
    WHERE e.subject = i.key AND e.name = name AND e.at >= $low AND e.at <= $high
        AND CASE WHEN e.at = $low THEN e.id > $low_id ELSE true END
        AND CASE WHEN e.at = $high THEN e.id < $high_id ELSE true END
        AND ($sources IS NULL OR e.source IN $sources)
    RETURN e LIMIT $limit
  }
  WITH e LIMIT $limit
  RETURN count(e) AS events
}
RETURN c.id AS id, events
