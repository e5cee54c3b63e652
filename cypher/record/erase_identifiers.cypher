// Deletes erased identifiers, when nothing hangs on them any more.
//
// Parameters: none
// Columns, one row
//   deleted  INTEGER
MATCH (i:Erased)
WHERE NOT EXISTS { (i)<-[:BY]-() }
DETACH DELETE i
RETURN count(*) AS deleted
