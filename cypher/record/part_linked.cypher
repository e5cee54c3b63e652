// The identifiers of a customer that evidence which counts ties to another.
//
// Parameters
//   id   STRING
// Columns, one row for each identifier, in no order
//   key  STRING
MATCH (:Customer {id: $id})<-[:IDENTIFIES]-(i:Identifier)
WHERE EXISTS { (i)-[l:LINKED WHERE l.endedAt IS NULL]-() }
RETURN i.key AS key
