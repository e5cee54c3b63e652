// How many deliveries of a status destinations have.
//
// Parameters
//   ids     LIST<STRING>
//   status  STRING
// Columns, one row for each id
//   id      STRING
//   value   INTEGER
// Counts in the index on Delivery(destination, status, seq); the log is bounded.
UNWIND $ids AS id
CALL (id) {
  MATCH (d:Delivery {destination: id, status: $status})
  USING INDEX SEEK d:Delivery(destination, status, seq)
  WHERE d.seq >= 0
  RETURN count(d) AS value
}
RETURN id, value
