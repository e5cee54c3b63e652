// Drops what is over from the log of a destination: what is older than it is kept, and what is beyond the newest.
//
// Parameters
//   destination  STRING
//   status       STRING    DELIVERED or DEAD
//   before       DATETIME  what was tried before is dropped
//   keep         INTEGER   how many of the newest stay
//   limit        INTEGER   most at once
// Columns, one row
//   dropped      INTEGER
// Walks the index on Delivery(destination, status, seq) from the newest.
MATCH (d:Delivery {destination: $destination, status: $status})
USING INDEX SEEK d:Delivery(destination, status, seq)
WHERE d.seq >= 0
WITH d ORDER BY d.destination DESC, d.status DESC, d.seq DESC
WITH collect(d) AS newest
WITH [d IN newest[0..$keep] WHERE d.triedAt < $before] + newest[$keep..] AS gone
UNWIND gone[0..$limit] AS d
DELETE d
RETURN count(*) AS dropped
