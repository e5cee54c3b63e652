// Puts deliveries that were given up back into line, as if they had never been tried.
//
// Parameters
//   ids  LIST<STRING>  dlv_...
//   now  DATETIME
// Columns, one row for each that was given up
//   id           STRING
//   destination  STRING
// Finds each by the unique index on Delivery(id).
UNWIND $ids AS id
MATCH (d:Delivery {id: id, status: 'DEAD'})
SET d.status = 'PENDING', d.attempts = 0, d.nextAt = null
RETURN d.id AS id, d.destination AS destination
