// Waits until all indexes are online.
//
// Parameters: none
// Columns: none
CALL db.awaitIndexes(300)
