// Keeps refused evidence for review, one node for each pair; it opens again, unless the two
// are to be kept apart.
//
// Parameters
//   rows  LIST<MAP{pair: STRING, at: STRING, last: STRING, count: INTEGER, now: MAP, first: MAP}>
//         in the order of the pairs; pair: two keys with a line break between, the smaller first;
//         at, last: times of the first and the last message; now: code, kind, limit and actual as
//         they are now; first: what is kept of the first time (id, one, other, subject, identifier,
//         source, message)
// Columns: none
UNWIND $rows AS row
MERGE (c:Conflict {pair: row.pair})
ON CREATE SET c += row.first, c.count = 0, c.firstSeen = datetime(row.at), c.lastSeen = datetime(row.last)
SET c += row.now, c.status = CASE c.status WHEN 'KEPT_APART' THEN c.status ELSE 'OPEN' END, c.count = c.count + row.count,
    c.firstSeen = CASE WHEN datetime(row.at) < c.firstSeen THEN datetime(row.at) ELSE c.firstSeen END,
    c.lastSeen = CASE WHEN datetime(row.last) > c.lastSeen THEN datetime(row.last) ELSE c.lastSeen END
