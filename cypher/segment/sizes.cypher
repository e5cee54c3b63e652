// How many members segments have.
//
// Parameters
//   ids  LIST<STRING>  seg_...
// Columns, one row for each segment that is there
//   id     STRING
//   total  INTEGER
// Answered by the degree that the database keeps of each node; no member is read.
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
RETURN s.id AS id, COUNT { (s)<-[:IN_SEGMENT]-() } AS total
