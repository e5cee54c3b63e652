// Who is to be looked at again, and for which segment, from who waits longest.
//
// Parameters
//   now    DATETIME
//   limit  INTEGER
// Columns, one row for each pair
//   customer  STRING   cus_...
//   segment   STRING   seg_..., there or retired
//   live      BOOLEAN  whether the customer was not merged away
// Walks the index on DUE(at).
MATCH ()-[due:DUE]->()
WHERE due.at <= $now
WITH due ORDER BY due.at LIMIT $limit
RETURN startNode(due).id AS customer, endNode(due).id AS segment, startNode(due):Customer AS live
