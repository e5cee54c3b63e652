// The keys of a customer's identifiers.
//
// Parameters
//   id   STRING
// Columns, one row for each identifier, by key
//   key  STRING
MATCH (:Customer {id: $id})<-[:IDENTIFIES]-(i:Identifier)
RETURN i.key AS key ORDER BY key
