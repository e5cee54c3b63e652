// What a webhook is still to be told, and what waits behind it, in the order of the feed.
//
// Parameters
//   destination  STRING
//   limit        INTEGER
// Columns, one row for each
//   seq        INTEGER       number of the change
//   kind       STRING
//   customers  LIST<STRING>  ids that the change is about
//   attempts   INTEGER
//   next       DATETIME      not before; null for at once
//   created    DATETIME
// Walks the index on Delivery(destination, status, seq).
MATCH (d:Delivery {destination: $destination, status: 'PENDING'})
USING INDEX SEEK d:Delivery(destination, status, seq)
WHERE d.seq >= 0
RETURN d.seq AS seq, d.kind AS kind, d.customers AS customers, d.attempts AS attempts, d.nextAt AS next,
       d.createdAt AS created
ORDER BY d.destination, d.status, d.seq LIMIT $limit
