// The live customer behind each id, after any merges.
//
// Parameters
//   ids  LIST<STRING>  cus_...; of live or of merged customers
// Columns, one row for each id that was ever a customer's and still leads to one, in no order
//   id           STRING  as asked
//   customer_id  STRING  the live customer's
// Reads by the unique indexes on Customer(id) and MergedCustomer(id).
UNWIND $ids AS id
CALL (id) {
  MATCH (c:Customer {id: id})
  RETURN c.id AS customer_id
  UNION
  MATCH (:MergedCustomer {id: id})-[:MERGED_INTO*1..]->(c:Customer)
  RETURN c.id AS customer_id
}
RETURN id, customer_id
