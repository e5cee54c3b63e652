// The identifiers of a customer, as taking it apart needs them.
//
// Parameters
//   id  STRING
// Columns, one row for each identifier
//   key, kind, value  STRING
//   firstSeen         STRING  a time
MATCH (:Customer {id: $id})<-[:IDENTIFIES]-(i:Identifier)
RETURN i.key AS key, i.kind AS kind, i.value AS value, toString(i.firstSeen) AS firstSeen
