// Lets the ids of merged customers lead to another live one.
//
// Parameters
//   rows  LIST<MAP{id: STRING, customer: STRING}>  of a MergedCustomer, of a Customer
// Columns: none
UNWIND $rows AS row
MATCH (former:MergedCustomer {id: row.id})-[merged:MERGED_INTO]->()
MATCH (c:Customer {id: row.customer})
CREATE (former)-[again:MERGED_INTO]->(c)
SET again = properties(merged)
DELETE merged
