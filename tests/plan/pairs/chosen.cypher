OPTIONAL CALL () {
  MATCH (:Identifier {key: $key_0})-[:IDENTIFIES]->(c:Customer)
  CALL (c) {
    RETURN COLLECT {
    MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(k:Consent {purpose: $purpose_1})
    RETURN k.granted AND (k.expiresAt IS NULL OR k.expiresAt > datetime($now_1)) AS holds
    ORDER BY k.at DESC, k.granted, k.expiresAt LIMIT 1
    } = [true] AS f1
  }
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(d:Consent)
    WITH d ORDER BY d.at DESC, d.granted, d.expiresAt
    WITH d.purpose AS purpose, head(collect(d)) AS k
    WITH k ORDER BY k.purpose
    RETURN collect([k.purpose, CASE WHEN NOT k.granted THEN 'DENIED' WHEN k.expiresAt <= datetime($now_4) THEN 'EXPIRED'
    ELSE 'GRANTED' END]) AS f2
  }
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    WHERE i.lastEventAt IS NOT NULL
    UNWIND $names_5 AS name
    WITH i.key AS key, name
    CALL (key, name) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.name = name AND e.at IS NOT NULL AND coalesce(e[$where_0_5] >= $where_1_5, false)
      RETURN e, e.at AS at, e.id AS id ORDER BY e.subject DESC, e.name DESC, at DESC, id DESC LIMIT $limit_5
    }
    WITH e, at, id ORDER BY at DESC, id DESC LIMIT $limit_5
    WITH collect(['evt_' + id]) AS page
    RETURN [page] AS f5
  }
  OPTIONAL CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    WHERE i.lastEventAt IS NOT NULL
    UNWIND $names_8 AS name
    WITH i.key AS key, name
    CALL (key, name) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.name = name AND e.at IS NOT NULL AND coalesce(e[$where_0_8] >= $where_1_8, false)
      RETURN e LIMIT $most_8 + 1
    }
    WITH e LIMIT $most_8 + 1
    WITH count(e) AS found
    WITH CASE WHEN found > $most_8 THEN $most_8 ELSE found END AS value,
         CASE WHEN found > $most_8 THEN 'AT_LEAST' ELSE 'EXACT' END AS precision
    RETURN [value, precision] AS f8 LIMIT 1
  }
  RETURN [f1, f2, f5, f8] AS f0 LIMIT 1
}
RETURN [f0] AS answer
