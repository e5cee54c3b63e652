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
RETURN id, COUNT { MATCH (d:Delivery {destination: id, status: $status}) WHERE d.seq >= 0 } AS value
