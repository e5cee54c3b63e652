// Takes away that customers are to be looked at again for segments.
//
// Parameters
//   batch  MAP{rows: LIST<MAP>}  of customer: STRING, cus_..., live or merged away, and segment: STRING, seg_..., there
//                    or retired; by segment, then customer; why a map: `record/write_batch`
// Columns: none
UNWIND $batch.rows AS row
MATCH (c:Customer|MergedCustomer {id: row.customer})-[due:DUE]->(:Segment|RetiredSegment {id: row.segment})
DELETE due
