// Takes away that customers are to be looked at again for a segment.
//
// Parameters
//   segment  STRING        seg_..., there or retired
//   ids      LIST<STRING>  cus_..., live or merged away
// Columns: none
UNWIND $ids AS id
MATCH (c:Customer|MergedCustomer {id: id})-[due:DUE]->(:Segment|RetiredSegment {id: $segment})
DELETE due
