// How many identifiers a customer had at a moment.
//
// Parameters
//   id     STRING        cus_..., as the customer was called at that moment
//   at     DATETIME
//   kinds  LIST<STRING>  only these; null for all
// Columns, one row
//   total  INTEGER  0 when there was no such customer then
// A PastId says which id a node bore during [since, until); else it is the one that it has.
CALL () {
  MATCH (past:PastId {id: $id})-[:OF]->(owner)
  WHERE past.since <= $at AND past.until > $at
  RETURN owner
  UNION
  MATCH (owner:Customer|MergedCustomer {id: $id})
  WHERE NOT EXISTS { (past:PastId)-[:OF]->(owner) WHERE past.since <= $at AND past.until > $at }
  RETURN owner
}
MATCH (owner)<-[held:IDENTIFIES|IDENTIFIED]-(i:Identifier)
WHERE held.since <= $at AND (held.until IS NULL OR held.until > $at)
  AND ($kinds IS NULL OR i.kind IN $kinds)
RETURN count(i) AS total
