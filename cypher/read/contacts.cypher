// The e-mail address, phone number and user id of each customer that were seen last.
//
// Parameters
//   ids  LIST<STRING>  cus_...
// Columns, one row for each customer that has any, in no order
//   id     STRING
//   email  STRING  or null
//   phone  STRING  or null
//   user   STRING  or null
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})<-[:IDENTIFIES]-(i:Email|Phone|User)
WITH c.id AS id, i ORDER BY i.lastSeen DESC, i.key
WITH id, collect({kind: i.kind, value: i.value}) AS found
RETURN id,
       head([x IN found WHERE x.kind = 'email' | x.value]) AS email,
       head([x IN found WHERE x.kind = 'phone' | x.value]) AS phone,
       head([x IN found WHERE x.kind = 'user' | x.value]) AS user
