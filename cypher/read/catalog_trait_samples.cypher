// The traits of the customers seen last.
//
// Parameters
//   limit     INTEGER  customers
//   bytes     INTEGER  longer traits are left out
// Columns, one row for each customer
//   customer  STRING   cus_...
//   json      STRING   traits
// Walks the index on Customer(lastSeen, id).
MATCH (c:Customer)
USING INDEX c:Customer(lastSeen, id)
WHERE c.lastSeen IS NOT NULL AND c.id IS NOT NULL
WITH c ORDER BY c.lastSeen DESC, c.id DESC LIMIT $limit
WITH c WHERE size(c.traits) <= $bytes
RETURN c.id AS customer, c.traits AS json
