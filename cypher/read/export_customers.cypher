// A page of live customers for an export, in the order of their ids.
//
// Parameters
//   after    STRING   id to start after; '' for none
//   segment  STRING   seg_...; what is not of its members is only walked past; null for all
//   limit    INTEGER
// Columns, one row for each customer
//   place       STRING   its id, where the next page starts after
//   kept        BOOLEAN  it belongs to the export
//   id          STRING
//   created     STRING   time
//   updated     STRING   time
//   first_seen  STRING   time
//   last_seen   STRING   time
//   former      LIST<STRING>  ids of customers that were merged into it; null where it is not kept
//   traits      STRING   JSON; null where it is not kept
// Walks the unique index on Customer(id).
MATCH (c:Customer)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
WITH c, $segment IS NULL OR EXISTS { MATCH (c)-[:IN_SEGMENT]->(:Segment {id: $segment}) } AS kept
RETURN c.id AS place, kept, c.id AS id, toString(c.createdAt) AS created, toString(c.updatedAt) AS updated,
       toString(c.firstSeen) AS first_seen, toString(c.lastSeen) AS last_seen,
       CASE WHEN kept THEN [(former:MergedCustomer)-[:MERGED_INTO*1..]->(c) | former.id] END AS former,
       CASE WHEN kept THEN coalesce(c.traits, '{}') END AS traits
ORDER BY place
