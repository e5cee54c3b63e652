// The oldest events of all customers within bounds.
//
// Ties in time are broken by id, so that no page loses or repeats an event. The
// conditions on ids are CASEs: with OR the planner leaves the index's order.
// What a filter leaves out is walked past, so rare events far away take long.
//
// Parameters
//   names    LIST<STRING>  only these event names; null for all
//   sources  LIST<STRING>  only from these; null for all
//   low      DATETIME      lower bound: events at that time count when their id is greater than low_id
//   low_id   STRING        '' includes all events at that time
//   high     DATETIME      upper bound: events at that time count when their id is less than high_id
//   high_id  STRING        '' includes none at that time
//   limit    INTEGER
// Columns, one row for each event, oldest first
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
// Walks the index on Event(at, id).
MATCH (e:Event)
USING INDEX SEEK e:Event(at, id)
WHERE e.at >= $low AND e.at <= $high AND e.id IS NOT NULL
    AND CASE WHEN e.at = $low THEN e.id > $low_id ELSE true END
    AND CASE WHEN e.at = $high THEN e.id < $high_id ELSE true END
    AND ($names IS NULL OR e.name IN $names)
    AND ($sources IS NULL OR e.source IN $sources)
WITH e ORDER BY e.at, e.id LIMIT $limit
RETURN e.id AS id, e.name AS name, e.at AS at, e.receivedAt AS received, e.subject AS subject,
       e.source AS source, e.json AS json, e.context AS context, e.identifiers AS identifiers,
       e.violations AS violations
