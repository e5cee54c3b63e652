// Removes retired segments that nobody is in or waits for.
//
// Parameters: none
// Columns: none
MATCH (s:RetiredSegment)
WHERE NOT EXISTS { (s)<-[:IN_SEGMENT|DUE]-() }
DELETE s
