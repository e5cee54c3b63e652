// The memberships of a page of customers for an export, in the order of the customers' ids.
//
// Parameters
//   after    STRING   id of a customer to start after; '' for none
//   segment  STRING   seg_...; whoever is no member of it is only walked past; null for all
//   limit    INTEGER  customers
// Columns, one row for each customer
//   place        STRING     its id, where the next page starts after
//   kept         BOOLEAN    its memberships belong to the export
//   memberships  LIST<MAP>  {id, key, name, since}: of the segment, and the time when the customer entered
// Walks the unique index on Customer(id).
MATCH (c:Customer)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
WITH c, $segment IS NULL OR EXISTS { MATCH (c)-[:IN_SEGMENT]->(:Segment {id: $segment}) } AS kept
RETURN c.id AS place, kept,
       [(c)-[member:IN_SEGMENT]->(s:Segment) |
         {id: s.id, key: s.key, name: s.name, since: toString(member.since)}] AS memberships
ORDER BY place
