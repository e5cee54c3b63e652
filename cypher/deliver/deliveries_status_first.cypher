// A page of what became of changes at a destination, of one status, counted from the list's start. Else as
// deliver/deliveries_first.
//
// Parameters
//   destination  STRING
//   status       STRING
//   after        INTEGER  number of the change to start after; null for none
//   before       INTEGER  number of the change to end before; null for none
//   limit        INTEGER
// Columns: id, seq, kind, status, customers, attempts, code, duration, failure, next, tried, created,
//          one row for each, nearest to the start first
// Walks the index on Delivery(destination, status, seq).
MATCH (d:Delivery {destination: $destination, status: $status})
USING INDEX SEEK d:Delivery(destination, status, seq)
WHERE d.seq < coalesce($after, 9223372036854775807) AND d.seq > coalesce($before, -1)
RETURN d.id AS id, d.seq AS seq, d.kind AS kind, d.status AS status, d.customers AS customers,
       d.attempts AS attempts, d.code AS code, d.durationMs AS duration, d.failure AS failure,
       d.nextAt AS next, d.triedAt AS tried, d.createdAt AS created
ORDER BY d.destination DESC, d.status DESC, d.seq DESC LIMIT $limit
