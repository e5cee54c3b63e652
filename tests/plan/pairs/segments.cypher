CALL () {
  MATCH (s:Segment)
  WHERE s.status IN $statuses_0
    AND (toLower(s.name) CONTAINS toLower($search_0) OR s.key CONTAINS toLower($search_0))
  WITH s, toLower(s.name) AS place
  WITH s, place ORDER BY place, s.id LIMIT $limit_0
  OPTIONAL CALL (s) {
    WITH COUNT { (s)<-[:IN_SEGMENT]-(:Customer) } AS value, 'EXACT' AS precision
    RETURN [value] AS f5 LIMIT 1
  }
  OPTIONAL CALL (s) {
    MATCH (other:Segment {key: $key_7})
    WITH CASE WHEN COUNT { (s)<-[:IN_SEGMENT]-() } <= COUNT { (other)<-[:IN_SEGMENT]-() }
              THEN [s, other] ELSE [other, s] END AS ordered
    WITH ordered[0] AS smaller, ordered[1] AS greater
    WITH COUNT {
      MATCH (smaller)<-[:IN_SEGMENT]-(c:Customer)
      WHERE EXISTS { (c)-[:IN_SEGMENT]->(greater) }
    } AS value, 'EXACT' AS precision
    RETURN [value] AS f7 LIMIT 1
  }
  WITH collect([[s.name, f5, f7], [place, s.id]]) AS page
  CALL () {
    MATCH (s:Segment)
    WHERE s.status IN $statuses_0
      AND (toLower(s.name) CONTAINS toLower($search_0) OR s.key CONTAINS toLower($search_0))
    WITH count(s) AS value
    WITH value, 'EXACT' AS precision
    RETURN [value] AS f1
  }
  RETURN [f1, [x IN page | x[0]], [page[-1][1]]] AS f0
}
RETURN [f0] AS answer
