// Locks a customer who is to be taken apart. What a recorder remembers of it holds no more, and it is told so.
//
// Parameters
//   id  STRING
// Columns: none
MATCH (c:Customer {id: $id})
REMOVE c.keptBy
