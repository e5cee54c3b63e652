OPTIONAL CALL () {
  MATCH (:Identifier {key: $key_0})-[:IDENTIFIES]->(c:Customer)
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Email|Phone|User)
    WITH i ORDER BY i.lastSeen DESC, i.key
    WITH collect([i.kind, i.value]) AS all
    RETURN [kind IN ['email', 'phone', 'user'] | head([x IN all WHERE x[0] = kind | x[1]])] AS contacts2
  }
  CALL (c) {
    MATCH (c)<-[held:IDENTIFIES]-(i:Identifier)
    WITH i, held,
         CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'
                     WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place
    WITH i, held, place ORDER BY place LIMIT $limit_9
    WITH collect([i.kind, i.value]) AS page
    CALL (c) {
      WITH coalesce(c.identifiers, 0) AS value, 'EXACT' AS precision
      RETURN [value] AS f10
    }
    RETURN [f10, page] AS f9
  }
  CALL (c) {
    MATCH (c)-[member:IN_SEGMENT]->(s:Segment)
    WITH c, s, member.since AS since
    WITH c, s, since ORDER BY since DESC, s.id DESC LIMIT $limit_15
    WITH collect([s.key, s.name]) AS page
    RETURN [page] AS f15
  }
  CALL (c) {
    RETURN EXISTS { (c)-[:IN_SEGMENT]->(:Segment {key: $key_19}) } AS f19
  }
  CALL (c) {
    WITH c, COLLECT {
      MATCH (c)<-[:IDENTIFIES]-(i)
      WITH i, i.lastEventAt AS near
      WHERE near IS NOT NULL
      WITH i, near ORDER BY near DESC LIMIT $limit_20 + 1
      RETURN [i, near]
    } AS nearest
    WITH coalesce(nearest[$limit_20 - 1][1], datetime('0001-01-01T00:00:00Z')) AS edge,
         CASE WHEN nearest[$limit_20][1] = nearest[$limit_20 - 1][1] THEN COLLECT {
           MATCH (c)<-[:IDENTIFIES]-(i)
           WHERE i.lastEventAt >= nearest[$limit_20 - 1][1]
           RETURN [i]
         } ELSE nearest[..$limit_20] END AS nearest
    UNWIND nearest AS one
    WITH one[0] AS i, edge
    WITH i.key AS key, edge
    CALL (key, edge) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.at >= edge
      RETURN e, e.at AS at, e.id AS id ORDER BY e.subject DESC, at DESC, id DESC LIMIT $limit_20
    }
    WITH e, at, id ORDER BY at DESC, id DESC LIMIT $limit_20
    WITH collect([[e.name, toString(at), e.json], [toString(at), id]]) AS rows
    WITH rows[..$size_20] AS page, size(rows) > $size_20 AS more
    RETURN [[x IN page | x[0]], [($followed_20 OR more), page[-1][1]]] AS f20
  }
  RETURN [c.id, [c.id, c.traits, contacts2], contacts2[0], [c.traits, c.traitTimes, toString(c.updatedAt)], c.traits, f9, f15, f19, f20] AS f0 LIMIT 1
}
RETURN [f0] AS answer
