// A page of keys between two bounds, as one list, since a million rows would take long to transfer.
//
// Parameters
//   after  STRING   key to start after
//   end    STRING   key to end before
//   page   INTEGER  how many
// Columns, one row
//   keys   LIST<STRING>  ascending
// Walks the unique index on Identifier(key).
MATCH (i:Identifier)
WHERE i.key > $after AND i.key < $end
WITH i.key AS key ORDER BY key LIMIT $page
RETURN collect(key) AS keys
