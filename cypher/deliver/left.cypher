// Deletes deliveries of destinations that are gone, some at a time.
//
// Parameters
//   destination  STRING
//   limit        INTEGER
// Columns, one row
//   dropped      INTEGER
// Walks the index on Delivery(destination, seq).
MATCH (d:Delivery {destination: $destination})
USING INDEX SEEK d:Delivery(destination, seq)
WHERE d.seq >= 0
WITH d LIMIT $limit
DELETE d
RETURN count(*) AS dropped
