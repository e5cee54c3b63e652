// Customers that were merged away.
//
// Parameters
//   ids  LIST<STRING>  cus_...
// Columns, one row for each id of a merged customer, in no order
//   id           STRING
//   at           DATETIME  of its own merge, the first of the chain
//   reason       STRING
//   message      STRING    id of the message that caused it
//   customer_id  STRING    the live customer's, at the end of the chain
// Reads by the unique index on MergedCustomer(id).
UNWIND $ids AS wanted
MATCH (m:MergedCustomer {id: wanted})-[own:MERGED_INTO]->(next)
MATCH (next)-[:MERGED_INTO*0..]->(c:Customer)
RETURN m.id AS id, own.at AS at, own.reason AS reason, own.message AS message, c.id AS customer_id
