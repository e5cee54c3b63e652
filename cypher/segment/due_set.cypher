// Keeps when customers are to be looked at again for a segment.
//
// Parameters
//   segment  STRING  seg_...
//   rows     LIST<MAP{id: STRING, at: STRING}>  at: a time as text
// Columns, one row
//   earliest  DATETIME  of those that were set; null when the segment was just deleted
MATCH (s:Segment {id: $segment})
UNWIND $rows AS row
MATCH (c:Customer {id: row.id})
MERGE (c)-[due:DUE]->(s)
SET due.at = datetime(row.at)
RETURN min(due.at) AS earliest
