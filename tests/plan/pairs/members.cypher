OPTIONAL CALL () {
  MATCH (s:Segment {key: $key_0})
  OPTIONAL CALL (s) {
    WITH COUNT { (s)<-[:IN_SEGMENT]-(:Customer) } AS value, 'EXACT' AS precision
    RETURN [value] AS f2 LIMIT 1
  }
  CALL (s) {
    MATCH (s)<-[member:IN_SEGMENT]-(c:Customer)
    WITH s, c, member.since AS since
    WITH s, c, since ORDER BY since DESC, c.id DESC LIMIT $limit_4
    WITH c, since, head(COLLECT { MATCH (c)-[due:DUE]->(s) RETURN due.at }) AS until
    CALL (c) {
      MATCH (c)<-[:IDENTIFIES]-(i:Device)
      WITH i ORDER BY i.lastSeen DESC, i.id DESC LIMIT $limit_9
      WITH collect([i.value]) AS page
      RETURN [page] AS f9
    }
    WITH collect([toString(since), [c.id, f9]]) AS rows
    WITH rows[..$size_4] AS page, size(rows) > $size_4 AS more
    RETURN [page, [($followed_4 OR more)]] AS f4
  }
  RETURN [s.name, f2, f4] AS f0 LIMIT 1
}
RETURN [f0] AS answer
