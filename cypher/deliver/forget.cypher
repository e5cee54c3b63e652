// Deletes deliveries of a destination behind a change, some at a time.
//
// Parameters
//   destination  STRING
//   statuses     LIST<STRING>  only these
//   after        INTEGER       number of the change
//   limit        INTEGER
// Columns, one row
//   dropped      INTEGER
// Walks the index on Delivery(destination, status, seq).
UNWIND $statuses AS status
MATCH (d:Delivery {destination: $destination, status: status})
USING INDEX SEEK d:Delivery(destination, status, seq)
WHERE d.seq > $after
WITH d LIMIT $limit
DELETE d
RETURN count(*) AS dropped
