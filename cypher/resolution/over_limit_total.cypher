// How many customers have more identifiers of a kind than its limit.
//
// Parameters
//   limits  LIST<MAP{property: STRING, limit: INTEGER}>  property: count.<kind>
// Columns, one row
//   total   INTEGER
MATCH (c:Customer)
WHERE any(rule IN $limits WHERE c[rule.property] > rule.limit)
RETURN count(c) AS total
