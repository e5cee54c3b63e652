CALL () {
  MATCH (:Identifier {key: $key_0})-[:IDENTIFIES]->(c:Customer)
  CALL (c) {
    MATCH (c)<-[m:IDENTIFIES]-(i:Identifier)
    WITH i, m.since AS since,
         CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'
                     WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place
    WITH i, since, place ORDER BY place LIMIT $limit_8
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
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    WHERE i.lastEventAt IS NOT NULL
    WITH i.key AS key, i.lastEventAt AS near ORDER BY near DESC
    WITH collect({key: key, near: near}) AS all
    WITH all, coalesce([x IN all WHERE true | x.near][$limit_16 - 1], datetime('0001-01-01T00:00:00Z')) AS edge
    UNWIND [x IN all WHERE x.near >= edge | x.key] AS key
    CALL (key, edge) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.at >= edge
      RETURN e ORDER BY e.subject DESC, e.at DESC, e.id DESC LIMIT $limit_16
    }
    WITH e ORDER BY e.at DESC, e.id DESC LIMIT $limit_16
    WITH collect([e.name, toString(e.at), '{}', '{}']) AS page
    RETURN [page] AS f16
  }
  RETURN head(collect([c.id, c.id, '{}', f8, f13, f16])) AS f0
}
RETURN [f0] AS answer
