// Ids of the customers that were merged into each customer.
//
// Parameters
//   ids  LIST<STRING>  cus_... of live customers
// Columns, one row for each customer that absorbed any, in no order
//   id          STRING
//   merged_ids  LIST<STRING>  oldest first
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})<-[:MERGED_INTO*1..]-(m:MergedCustomer)
WITH c.id AS id, m.id AS merged ORDER BY merged
RETURN id, collect(merged) AS merged_ids
