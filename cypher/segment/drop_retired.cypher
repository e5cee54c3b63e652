// Removes retired segments that nobody is in.
//
// Parameters: none
// Columns: none
MATCH (s:RetiredSegment)
WHERE NOT EXISTS { (s)<-[:IN_SEGMENT]-() }
DELETE s
