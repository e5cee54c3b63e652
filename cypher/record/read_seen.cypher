// Which message ids were taken before, and whose they are now.
//
// Parameters
//   ids  LIST<STRING>
// Columns, one row for each id that was taken
//   id        STRING
//   customer  STRING  null when the identifier is gone
UNWIND $ids AS id
OPTIONAL MATCH (e:Event {id: id})
OPTIONAL MATCH (s:Statement {id: id})
WITH id, coalesce(e.subject, s.subject) AS subject
WHERE subject IS NOT NULL
OPTIONAL MATCH (:Identifier {key: subject})-[:IDENTIFIES]->(c:Customer)
RETURN id AS id, c.id AS customer
