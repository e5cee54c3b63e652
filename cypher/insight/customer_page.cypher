// A page of live customers, in the order of their ids.
//
// Parameters
//   after  STRING   id to start after; '' for none
//   limit  INTEGER
// Columns, one row for each customer
//   id     STRING
// Walks the unique index on Customer(id).
MATCH (c:Customer)
WHERE c.id > $after
RETURN c.id AS id ORDER BY c.id LIMIT $limit
