OPTIONAL CALL () {
  CALL (*) {
    MATCH (c:Customer {id: $id_0})
    RETURN c
    UNION
    MATCH (:MergedCustomer {id: $id_0})-[:MERGED_INTO*1..]->(c:Customer)
    RETURN c
  }
  WITH c
  CALL (c) {
    WITH datetime($low_1) AS low, datetime($high_1) AS high
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    WHERE i.lastEventAt >= low AND i.firstEventAt <= high
    UNWIND $names_1 AS name
    WITH i.key AS key, name, low, high
    CALL (key, name, low, high) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.name = name AND e.at >= low AND e.at <= high AND CASE WHEN e.at = low THEN e.id > $low_id_1 ELSE true END AND CASE WHEN e.at = high THEN e.id < $high_id_1 ELSE true END AND e.source IN $sources_1
      RETURN e, e.at AS at, e.id AS id ORDER BY e.subject, e.name, at, id LIMIT $limit_1
    }
    WITH e, at, id ORDER BY at, id LIMIT $limit_1
    WITH collect([[[toString(at), id], [id]], [toString(at), id]]) AS rows
    WITH reverse(rows[..$size_1]) AS page, size(rows) > $size_1 AS more
    RETURN [[x IN page | x[0]], [($preceded_1 OR more), $followed_1, page[0][1]]] AS f1
  }
  OPTIONAL CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    WHERE i.lastEventAt IS NOT NULL
    UNWIND $names_10 AS name
    WITH i.key AS key, name
    CALL (key, name) {
      MATCH (e:Event)
      WHERE e.subject = key AND e.name = name AND e.at IS NOT NULL
      RETURN e LIMIT $most_10 + 1
    }
    WITH e LIMIT $most_10 + 1
    WITH count(e) AS found
    WITH CASE WHEN found > $most_10 THEN $most_10 ELSE found END AS value,
         CASE WHEN found > $most_10 THEN 'AT_LEAST' ELSE 'EXACT' END AS precision
    RETURN [value, precision] AS f10 LIMIT 1
  }
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)
    WHERE l.endedAt IS NULL
    WITH DISTINCT l
    WITH l ORDER BY l.firstSeen DESC, l.id DESC LIMIT $limit_13
    OPTIONAL CALL (l) {
      WITH startNode(l) AS i
      RETURN [i.value] AS f17 LIMIT 1
    }
    OPTIONAL CALL (l) {
      WITH endNode(l) AS i
      RETURN [i.value] AS f19 LIMIT 1
    }
    OPTIONAL CALL (l) {
      MATCH (e:Event {id: l.event})
      RETURN [e.name] AS f21 LIMIT 1
    }
    WITH collect([f17, f19, f21]) AS page
    CALL (c) {
      MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)
      WHERE l.endedAt IS NULL
      WITH count(DISTINCT l) AS value
      WITH value, 'EXACT' AS precision
      RETURN [value] AS f14
    }
    RETURN [f14, page] AS f13
  }
  RETURN [f1, f10, f13] AS f0 LIMIT 1
}
OPTIONAL CALL () {
  MATCH (i:Identifier {key: $key_23})
  CALL (i) {
    MATCH (i)-[l:LINKED]-(other:Identifier)
    WITH l, other ORDER BY l.firstSeen DESC, l.id DESC LIMIT $limit_24
    OPTIONAL CALL (l, other) {
      WITH other AS i
      RETURN [i.kind, i.value] AS f26 LIMIT 1
    }
    WITH collect([f26, [l.count]]) AS page
    RETURN [page] AS f24
  }
  RETURN [f24] AS f23 LIMIT 1
}
RETURN [f0, f23] AS answer
