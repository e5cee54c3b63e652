// Which message ids were taken before, and whose they are now.
//
// Parameters
//   ids  LIST<STRING>
// Columns, one row: rows, a LIST<MAP>, one for each id that was taken
//   id        STRING
//   customer  STRING  null when the identifier is gone
UNWIND $ids AS id
OPTIONAL MATCH (e:Event {id: id})
OPTIONAL MATCH (s:Statement {id: id})
WITH id, coalesce(e.subject, s.subject) AS subject
WHERE subject IS NOT NULL
OPTIONAL MATCH (:Identifier {key: subject})-[:IDENTIFIES]->(c:Customer)
RETURN collect({id: id, customer: c.id}) AS rows
