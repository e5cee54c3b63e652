// The newest events with certain names of each customer within bounds, over all of its identifiers.
//
// Ties in time are broken by id, so that no page loses or repeats an event. The
// conditions on ids are CASEs: with OR the planner leaves the index's order.
//
// Parameters
//   ids      LIST<STRING>  cus_...
//   names    LIST<STRING>  only these event names, each once
//   sources  LIST<STRING>  only from these; null for all
//   low      DATETIME      lower bound: events at that time count when their id is greater than low_id
//   low_id   STRING        '' includes all events at that time
//   high     DATETIME      upper bound: events at that time count when their id is less than high_id
//   high_id  STRING        '' includes none at that time
//   limit    INTEGER       events for each customer
// Columns, one row for each event, by customer, newest first
//   customer_id  STRING
//   id           STRING        the producer's
//   name         STRING
//   at           DATETIME
//   received     DATETIME
//   subject      STRING        key of the identifier that it hangs on
//   source       STRING
//   json         STRING        properties
//   context      STRING        JSON
//   identifiers  LIST<STRING>  keys that it carried
//   violations   LIST<STRING>  what the tracking plan says against it; null for nothing
// Walks the index on Event(subject, name, at).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  WHERE i.lastEventAt >= $low AND i.firstEventAt <= $high
  UNWIND $names AS name
  WITH i.key AS key, name
  CALL (key, name) {
    MATCH (e:Event)
    WHERE e.subject = key AND e.name = name AND e.at >= $low AND e.at <= $high
        AND CASE WHEN e.at = $low THEN e.id > $low_id ELSE true END
        AND CASE WHEN e.at = $high THEN e.id < $high_id ELSE true END
        AND ($sources IS NULL OR e.source IN $sources)
    RETURN e ORDER BY e.subject DESC, e.name DESC, e.at DESC, e.id DESC LIMIT $limit
  }
  RETURN e ORDER BY e.at DESC, e.id DESC LIMIT $limit
}
RETURN c.id AS customer_id, e.id AS id, e.name AS name, e.at AS at, e.receivedAt AS received,
       e.subject AS subject, e.source AS source, e.json AS json, e.context AS context,
       e.identifiers AS identifiers,
       e.violations AS violations
