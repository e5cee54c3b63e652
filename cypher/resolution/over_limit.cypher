// A page of the customers who have more identifiers of a kind than its limit, by id.
//
// Parameters
//   limits  LIST<MAP{property: STRING, limit: INTEGER}>  property: count.<kind>
//   after   STRING   id to start after; '' for none
//   page    INTEGER  how many
// Columns, one row for each customer
//   id      STRING
// Walks the unique index on Customer(id).
MATCH (c:Customer)
WHERE c.id > $after AND any(rule IN $limits WHERE c[rule.property] > rule.limit)
RETURN c.id AS id ORDER BY id LIMIT $page
