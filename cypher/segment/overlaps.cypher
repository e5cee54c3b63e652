// How many customers are in both of two segments.
//
// Parameters
//   ids   LIST<STRING>  seg_..., each counted with the other
//   with  STRING        seg_..., the other
// Columns, one row for each segment that is there, if the other is
//   id     STRING
//   total  INTEGER
// Reads the members of the smaller of the two, and for each its segments, which are few.
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
MATCH (other:Segment {id: $with})
WITH s, CASE WHEN COUNT { (s)<-[:IN_SEGMENT]-() } <= COUNT { (other)<-[:IN_SEGMENT]-() }
             THEN [s, other] ELSE [other, s] END AS ordered
WITH s, ordered[0] AS smaller, ordered[1] AS greater
RETURN s.id AS id, COUNT {
  MATCH (smaller)<-[:IN_SEGMENT]-(c:Customer)
  WHERE EXISTS { (c)-[:IN_SEGMENT]->(greater) }
} AS total
