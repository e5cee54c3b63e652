// Takes away that customers are to be looked at again for segments.
//
// Parameters
//   rows  LIST<MAP>  of customer: STRING, cus_..., live or merged away, and segment: STRING, seg_..., there or
//                    retired; by segment, then customer
// Columns: none
UNWIND $rows AS row
MATCH (c:Customer|MergedCustomer {id: row.customer})-[due:DUE]->(:Segment|RetiredSegment {id: row.segment})
DELETE due
