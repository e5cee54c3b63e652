// The identifiers of a customer, as taking it apart needs them.
//
// Parameters
//   id  STRING
// Columns, one row for each identifier
//   key, kind, value  STRING
//   firstSeen         DATETIME
//   linked            BOOLEAN  evidence that counts ties it to another identifier
MATCH (:Customer {id: $id})<-[:IDENTIFIES]-(i:Identifier)
RETURN i.key AS key, i.kind AS kind, i.value AS value, i.firstSeen AS firstSeen,
       EXISTS { (i)-[l:LINKED WHERE l.endedAt IS NULL]-() } AS linked
