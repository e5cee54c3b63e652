// Identifiers by id.
//
// Parameters
//   ids  LIST<STRING>  idn_...
// Columns, one row for each that exists, in no order
//   id          STRING  idn_...
//   key         STRING
//   kind        STRING
//   value       STRING
//   first_seen  DATETIME
//   last_seen   DATETIME
//   sources     LIST<STRING>
// Reads by the unique index on Identifier(id).
UNWIND $ids AS wanted
MATCH (i:Identifier {id: wanted})
RETURN i.id AS id, i.key AS key, i.kind AS kind, i.value AS value,
       i.firstSeen AS first_seen, i.lastSeen AS last_seen, i.sources AS sources
