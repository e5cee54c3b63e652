// Merges by which a bigger customer's node lives on under the survivor's id, among all that made a customer.
//
// Parameters
//   id  STRING  of the live customer
// Columns, one row for each, the latest first
//   merge  STRING
MATCH (c:Customer {id: $id})<-[:MERGED_INTO*1..]-(gone:MergedCustomer)
MATCH (gone)-[merged:MERGED_INTO]->()
WHERE merged.swapped
RETURN merged.merge AS merge
ORDER BY merged.at DESC
