OPTIONAL CALL () {
  MATCH (:Identifier {key: $key_0})-[:IDENTIFIES]->(c:Customer)
  CALL (c) {
    MATCH (c)<-[held:IDENTIFIES]-(i:Identifier)
    WITH i, held,
         CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'
                     WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place
    WITH i, held, place ORDER BY place LIMIT $limit_8
    WITH collect([i.kind, CASE WHEN i.kind IN ['anonymous', 'device', 'user'] AND NOT i.value CONTAINS '@' THEN i.value ELSE '***' END, CASE WHEN i.kind IN ['anonymous', 'device', 'user'] AND NOT i.value CONTAINS '@' THEN i.value ELSE '***' END <> i.value]) AS page
    RETURN [page] AS f8
  }
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Device)
    WITH i ORDER BY i.lastSeen DESC, i.id DESC LIMIT $limit_13
    WITH collect([CASE WHEN i.kind IN ['anonymous', 'device', 'user'] AND NOT i.value CONTAINS '@' THEN i.value ELSE '***' END]) AS page
    RETURN [page] AS f13
  }
  CALL (c) {
    WITH c, COLLECT {
      MATCH (c)<-[:IDENTIFIES]-(i)
      WITH i, i.lastEventAt AS near
      WHERE near IS NOT NULL
      WITH i, near ORDER BY near DESC LIMIT $limit_16 + 1
      RETURN [i, near]
    } AS nearest
    WITH coalesce(nearest[$limit_16 - 1][1], datetime('0001-01-01T00:00:00Z')) AS edge,
         CASE WHEN nearest[$limit_16][1] = nearest[$limit_16 - 1][1] THEN COLLECT {
           MATCH (c)<-[:IDENTIFIES]-(i)
           WHERE i.lastEventAt >= nearest[$limit_16 - 1][1]
           RETURN [i]
         } ELSE nearest[..$limit_16] END AS nearest
    UNWIND nearest AS one
    WITH one[0] AS i, edge
    WITH i.key AS key, edge
    CALL (key, edge) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.at >= edge
      RETURN e, e.at AS at, e.id AS id ORDER BY e.subject DESC, at DESC, id DESC LIMIT $limit_16
    }
    WITH e, at, id ORDER BY at DESC, id DESC LIMIT $limit_16
    WITH collect([e.name, toString(at), '{}', '{}']) AS page
    RETURN [page] AS f16
  }
  RETURN [c.id, c.id, '{}', f8, f13, f16] AS f0 LIMIT 1
}
RETURN [f0] AS answer
