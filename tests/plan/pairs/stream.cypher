CALL () {
  MATCH (e:Event)
  USING INDEX SEEK e:Event(at, id)
  WHERE e.at >= datetime($low_0) AND e.at <= datetime($high_0) AND e.id IS NOT NULL
    AND CASE WHEN e.at = datetime($low_0) THEN e.id > $low_id_0 ELSE true END
    AND CASE WHEN e.at = datetime($high_0) THEN e.id < $high_id_0 ELSE true END
    AND e.name IN $names_0
  WITH e, e.at AS at, e.id AS id ORDER BY at DESC, id DESC LIMIT $limit_0
  OPTIONAL CALL (e) {
    MATCH (:Identifier {key: e.subject})-[:IDENTIFIES]->(c:Customer)
    RETURN [c.id] AS f6 LIMIT 1
  }
  WITH collect([[toString(at), id], [id, e.name, f6]]) AS rows
  WITH rows[..$size_0] AS page, size(rows) > $size_0 AS more
  RETURN [page, [($followed_0 OR more)]] AS f0
}
CALL () {
  UNWIND $statuses_10 AS wanted
  CALL (wanted) {
    MATCH (h:Conflict)
    USING INDEX SEEK h:Conflict(status, id)
    WHERE h.status = wanted AND h.id < 'cfl_~' AND h.id > 'cfl_'
      AND CASE WHEN $code_10 IS NULL THEN h.status <> 'OPEN' OR h.code <> 'BLOCKED' ELSE h.code = $code_10 END
    RETURN h ORDER BY h.status DESC, h.id DESC LIMIT $limit_10
  }
  WITH h ORDER BY h.id DESC LIMIT $limit_10
  OPTIONAL CALL (h) {
    WITH h.subject AS named, split(h.subject, ':')[0] AS kind
    WITH kind, substring(named, size(kind) + 1) AS value
    RETURN [kind, value] AS f16 LIMIT 1
  }
  OPTIONAL CALL (h) {
    WITH h.identifier AS named, split(h.identifier, ':')[0] AS kind
    WITH kind, substring(named, size(kind) + 1) AS value
    RETURN [kind, value] AS f19 LIMIT 1
  }
  OPTIONAL CALL (h) {
    MATCH (:Identifier {key: h.subject})-[:IDENTIFIES]->(c:Customer)
    RETURN [c.id] AS f22 LIMIT 1
  }
  WITH *, h {.code, .at, .id, .cause} AS stored
  WITH collect([stored.code, f16, f19, f22, toString(coalesce(stored.at, datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
    t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(stored.id, n, 1))[0]))}))), coalesce(stored.cause, CASE WHEN stored.code IN ['BLOCKED', 'RULES'] THEN 'RULES' ELSE 'EVIDENCE' END)]) AS page
  CALL () {
    CALL () {
      UNWIND $statuses_10 AS wanted
      MATCH (h:Conflict)
      USING INDEX SEEK h:Conflict(status, id)
      WHERE h.status = wanted AND h.id > 'cfl_'
        AND CASE WHEN $code_10 IS NULL THEN h.status <> 'OPEN' OR h.code <> 'BLOCKED' ELSE h.code = $code_10 END
      RETURN h LIMIT $most_10 + 1
    }
    WITH count(h) AS found
    WITH CASE WHEN found > $most_10 THEN $most_10 ELSE found END AS value,
         CASE WHEN found > $most_10 THEN 'AT_LEAST' ELSE 'EXACT' END AS precision
    RETURN [value, precision] AS f11
  }
  RETURN [f11, page] AS f10
}
CALL () {
  MATCH (r:Rejected)
  WHERE r.id < 'rej_~' AND r.id > 'rej_'
  WITH r ORDER BY r.id LIMIT $limit_26
  WITH *, r {.code, .reason, .json} AS stored
  WITH reverse(collect([stored.code, stored.reason, CASE WHEN stored.json <> '' THEN stored.json ELSE 'null' END])) AS page
  RETURN [page] AS f26
}
OPTIONAL CALL () {
  MATCH (j:Job {id: $id_31})
  RETURN [j.status, CASE WHEN j.status = 'SUCCEEDED' OR j.done > j.total AND j.total <> 0 THEN 1.0 WHEN j.total <> 0 THEN toFloat(j.done) / j.total END] AS f31 LIMIT 1
}
RETURN [f0, f10, f26, f31] AS answer
