// Deletes rejected messages in which an erased identifier's value is written.
//
// Parameters: none
// Columns, one row
//   deleted  INTEGER
MATCH (i:Erased)
WITH collect(i.value) AS values
MATCH (r:Rejected)
WHERE any(value IN values WHERE r.json CONTAINS value OR r.reason CONTAINS value)
DETACH DELETE r
RETURN count(*) AS deleted
