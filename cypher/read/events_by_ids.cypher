// Events by the producer's id.
//
// Parameters
//   ids  LIST<STRING>  message ids
// Columns, one row for each that exists, in no order
//   id           STRING
//   name         STRING
//   at           DATETIME
//   received     DATETIME
//   subject      STRING        key of the identifier that it hangs on
//   source       STRING
//   json         STRING        properties
//   context      STRING        JSON
//   identifiers  LIST<STRING>  keys that it carried
//   violations   LIST<STRING>  what the tracking plan says against it; null for nothing
// Reads by the unique index on Event(id).
UNWIND $ids AS wanted
MATCH (e:Event {id: wanted})
RETURN e.id AS id, e.name AS name, e.at AS at, e.receivedAt AS received, e.subject AS subject,
       e.source AS source, e.json AS json, e.context AS context, e.identifiers AS identifiers,
       e.violations AS violations
