// Keeps when customers are to be looked at again for segments.
//
// Parameters
//   batch  MAP{rows: LIST<MAP{customer: STRING, cus_..., segment: STRING, seg_..., at: STRING, a time as text}>}
//          by segment, then customer; why a map: `record/write_batch`
// Columns, one row
//   earliest  DATETIME  of those that were set; null when the segments were just deleted
UNWIND $batch.rows AS row
MATCH (s:Segment {id: row.segment})
MATCH (c:Customer {id: row.customer})
MERGE (c)-[due:DUE]->(s)
SET due.at = datetime(row.at)
RETURN min(due.at) AS earliest
