// A page of events for an export, in the order of time.
//
// Ties in time are broken by id. The condition on ids is a CASE: with OR the
// planner leaves the index's order.
//
// Parameters
//   low      STRING   a time: events at that time count when their id is greater than low_id
//   low_id   STRING   '' includes all events at that time
//   high     STRING   a time: only events before it
//   segment  STRING   seg_...; what is not of its members is only walked past; null for all
//   limit    INTEGER
// Columns, one row for each event
//   kept         BOOLEAN  it belongs to the export: that of a customer who is erased does not
//   id           STRING   the producer's
//   at           STRING   time
//   name         STRING
//   received     STRING   time
//   source       STRING
//   customer_id  STRING
//   subject      STRING   key of the identifier that it hangs on
//   identifiers  LIST<STRING>  keys that it carried
//   json         STRING   properties; null where it is not kept
//   context      STRING   JSON; null where it is not kept
// Walks the index on Event(at, id).
MATCH (e:Event)
USING INDEX SEEK e:Event(at, id)
WHERE e.at >= datetime($low) AND e.at < datetime($high) AND e.id IS NOT NULL
    AND CASE WHEN e.at = datetime($low) THEN e.id > $low_id ELSE true END
WITH e ORDER BY e.at, e.id LIMIT $limit
OPTIONAL MATCH (e)-[:BY]->(:Identifier)-[:IDENTIFIES]->(c:Customer)
WITH e, c,
     c IS NOT NULL AND ($segment IS NULL OR EXISTS { MATCH (c)-[:IN_SEGMENT]->(:Segment {id: $segment}) }) AS kept
RETURN kept, e.id AS id, toString(e.at) AS at, e.name AS name, toString(e.receivedAt) AS received, e.source AS source,
       c.id AS customer_id, e.subject AS subject, e.identifiers AS identifiers,
       CASE WHEN kept THEN coalesce(e.json, '{}') END AS json,
       CASE WHEN kept THEN coalesce(e.context, '{}') END AS context
ORDER BY e.at, e.id
