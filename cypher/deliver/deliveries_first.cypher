// A page of what became of changes at a destination, counted from the list's start. The list goes from the newest change.
//
// Parameters
//   destination  STRING
//   after        INTEGER  number of the change to start after; null for none
//   before       INTEGER  number of the change to end before; null for none
//   limit        INTEGER
// Columns, one row for each, nearest to the start first
//   id         STRING        dlv_...
//   seq        INTEGER       number of the change
//   kind       STRING
//   status     STRING        PENDING, DELIVERED or DEAD
//   customers  LIST<STRING>
//   attempts   INTEGER
//   code       INTEGER       HTTP status of the last try; null without an answer
//   duration   FLOAT         of the last try, in milliseconds; null before any
//   failure    STRING        of the last try; null for none
//   next       DATETIME      not before; null for at once, or when it is over
//   tried      DATETIME      when tried last; null for never
//   created    DATETIME
// Walks the index on Delivery(destination, seq).
MATCH (d:Delivery {destination: $destination})
USING INDEX SEEK d:Delivery(destination, seq)
WHERE d.seq < coalesce($after, 9223372036854775807) AND d.seq > coalesce($before, -1)
RETURN d.id AS id, d.seq AS seq, d.kind AS kind, d.status AS status, d.customers AS customers,
       d.attempts AS attempts, d.code AS code, d.durationMs AS duration, d.failure AS failure,
       d.nextAt AS next, d.triedAt AS tried, d.createdAt AS created
ORDER BY d.destination DESC, d.seq DESC LIMIT $limit
