// The properties of the latest events of each name, with whose they are.
//
// Parameters
//   names     LIST<STRING>
//   limit     INTEGER       events of each name
//   bytes     INTEGER       longer properties are left out
// Columns, one row for each event, by name
//   name      STRING
//   customer  STRING        cus_...
//   json      STRING        properties
// Walks the index on Event(name, at).
UNWIND $names AS wanted
CALL (wanted) {
  MATCH (e:Event)
  USING INDEX SEEK e:Event(name, at)
  WHERE e.name = wanted AND e.at IS NOT NULL
  WITH e ORDER BY e.name DESC, e.at DESC LIMIT $limit
  MATCH (e)-[:BY]->(:Identifier)-[:IDENTIFIES]->(c:Customer)
  WHERE size(e.json) <= $bytes
  RETURN c.id AS customer, e.json AS json
}
RETURN wanted AS name, customer, json
