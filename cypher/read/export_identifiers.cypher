// A page of identifiers for an export, in the order of their ids.
//
// Parameters
//   after    STRING   id to start after; '' for none
//   segment  STRING   seg_...; what is not of its members is only walked past; null for all
//   limit    INTEGER
// Columns, one row for each identifier
//   place        STRING   its id, where the next page starts after
//   kept         BOOLEAN  it belongs to the export
//   id           STRING   idn_...
//   kind         STRING
//   value        STRING
//   customer_id  STRING
//   since        STRING   time when it became the customer's
//   first_seen   STRING   time
//   last_seen    STRING   time
//   sources      LIST<STRING>
// Walks the unique index on Identifier(id).
MATCH (i:Identifier)
WHERE i.id > $after
WITH i ORDER BY i.id LIMIT $limit
OPTIONAL MATCH (i)-[held:IDENTIFIES]->(c:Customer)
WITH i, held, c,
     c IS NOT NULL AND ($segment IS NULL OR EXISTS { MATCH (c)-[:IN_SEGMENT]->(:Segment {id: $segment}) }) AS kept
RETURN i.id AS place, kept, i.id AS id, i.kind AS kind, i.value AS value, c.id AS customer_id,
       toString(held.since) AS since, toString(i.firstSeen) AS first_seen, toString(i.lastSeen) AS last_seen,
       i.sources AS sources
ORDER BY place
