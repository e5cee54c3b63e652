CALL () {
  CALL () {
    CALL db.index.fulltext.queryNodes('customer_text', $list_query_0, {limit: $list_hits_0}) YIELD node, score
    RETURN node AS c, score
    UNION ALL
    CALL db.index.fulltext.queryNodes('identifier_text', $list_query_0, {limit: $list_hits_0}) YIELD node, score
    MATCH (node)-[:IDENTIFIES]->(c:Customer)
    RETURN c, score
    UNION ALL
    UNWIND $list_keys_0 AS key
    MATCH (:Identifier {key: key})-[:IDENTIFIES]->(c:Customer)
    RETURN c, $list_exact_0 AS score
  }
  WITH c, max(score) AS score
  WHERE (coalesce(c[$where_0_0] = $where_1_0, false))
  WITH c, score
  ORDER BY score DESC, c.id DESC LIMIT $limit_0
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Email|Phone|User)
    WITH i ORDER BY i.lastSeen DESC, i.key
    WITH collect([i.kind, i.value]) AS all
    RETURN [kind IN ['email', 'phone', 'user'] | head([x IN all WHERE x[0] = kind | x[1]])] AS contacts8
  }
  WITH collect([score, [score, c.id], [[c.id, c.traits, contacts8], contacts8[1]]]) AS rows
  WITH rows[..$size_0] AS page, size(rows) > $size_0 AS more
  CALL () {
    CALL () {
      CALL db.index.fulltext.queryNodes('customer_text', $list_query_0, {limit: $list_hits_0}) YIELD node, score
      RETURN node AS c, score
      UNION ALL
      CALL db.index.fulltext.queryNodes('identifier_text', $list_query_0, {limit: $list_hits_0}) YIELD node, score
      MATCH (node)-[:IDENTIFIES]->(c:Customer)
      RETURN c, score
      UNION ALL
      UNWIND $list_keys_0 AS key
      MATCH (:Identifier {key: key})-[:IDENTIFIES]->(c:Customer)
      RETURN c, $list_exact_0 AS score
    }
    WITH c, max(score) AS score
    WHERE (coalesce(c[$where_0_0] = $where_1_0, false))
    WITH c LIMIT $list_most_0 + 1
    WITH count(c) AS found
    WITH CASE WHEN found > $list_most_0 THEN $list_most_0 ELSE found END AS value,
         CASE WHEN found > $list_most_0 THEN 'AT_LEAST' ELSE 'EXACT' END AS precision
    RETURN [value, precision] AS f1
  }
  RETURN [f1, page, [($followed_0 OR more)]] AS f0
}
CALL () {
  MATCH (c:Customer)
  WHERE c.lastSeen IS NOT NULL AND c.id IS NOT NULL
  WITH c, null AS score
  ORDER BY c.lastSeen, c.id LIMIT $limit_12
  CALL (c) {
    RETURN coalesce(c[$where_0_15] = $where_1_15, false) AS f15
  }
  WITH reverse(collect([c.id, f15])) AS page
  CALL () {
    MATCH (c:Customer)
    WITH count(c) AS value
    WITH value, 'EXACT' AS precision
    RETURN [value] AS f16
  }
  RETURN [page, f16] AS f12
}
RETURN [f0, f12] AS answer
