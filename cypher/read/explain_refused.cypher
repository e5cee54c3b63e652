// Evidence between two identifiers, or between the customers who have them, that was refused and still is.
//
// Parameters
//   from   STRING   kind:value; need not be stored: a new identifier that is refused is not
//   to     STRING   kind:value; likewise
//   one    STRING   cus_... of who has `from`; null for nobody
//   other  STRING   cus_... of who has `to`; null for nobody
//   limit  INTEGER
// Columns, one row for each pair of identifiers, refused last first
//   id  STRING  cfl_...
// Looks up each identifier of the customer that has fewer by the indexes on Conflict(one) and Conflict(other).
OPTIONAL MATCH (a:Customer {id: $one})
OPTIONAL MATCH (b:Customer {id: $other})
WITH CASE WHEN coalesce(a.identifiers, 0) <= coalesce(b.identifiers, 0)
          THEN {small: $one, near: $from, large: $other, far: $to}
          ELSE {small: $other, near: $to, large: $one, far: $from} END AS sides
CALL (sides) {
  RETURN sides.near AS key
  UNION
  MATCH (:Customer {id: sides.small})<-[:IDENTIFIES]-(i:Identifier)
  RETURN i.key AS key
}
CALL (key) {
  MATCH (refused:Conflict {one: key})
  RETURN refused, refused.other AS far
  UNION
  MATCH (refused:Conflict {other: key})
  RETURN refused, refused.one AS far
}
WITH sides, refused, far
WHERE refused.status IN ['OPEN', 'KEPT_APART', 'BLOCKED']
  AND (far = sides.far OR EXISTS { (:Identifier {key: far})-[:IDENTIFIES]->(:Customer {id: sides.large}) })
RETURN refused.id AS id ORDER BY refused.lastSeen DESC, id DESC LIMIT $limit
