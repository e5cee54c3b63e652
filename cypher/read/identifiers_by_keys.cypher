// Identifiers by key.
//
// Parameters
//   keys  LIST<STRING>  kind:value
// Columns, one row for each that exists, in no order
//   id          STRING  idn_...
//   key         STRING
//   kind        STRING
//   value       STRING
//   first_seen  DATETIME
//   last_seen   DATETIME
//   sources     LIST<STRING>
// Reads by the unique index on Identifier(key).
UNWIND $keys AS wanted
MATCH (i:Identifier {key: wanted})
RETURN i.id AS id, i.key AS key, i.kind AS kind, i.value AS value,
       i.firstSeen AS first_seen, i.lastSeen AS last_seen, i.sources AS sources
