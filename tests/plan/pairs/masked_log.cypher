CALL () {
  UNWIND $statuses_0 AS wanted
  CALL (wanted) {
    MATCH (h:Conflict)
    USING INDEX SEEK h:Conflict(status, id)
    WHERE h.status = wanted AND h.id < 'cfl_~' AND h.id > 'cfl_'
      AND CASE WHEN $code_0 IS NULL THEN h.status <> 'OPEN' OR h.code <> 'BLOCKED' ELSE h.code = $code_0 END
    RETURN h ORDER BY h.status DESC, h.id DESC LIMIT $limit_0
  }
  WITH h ORDER BY h.id DESC LIMIT $limit_0
  OPTIONAL CALL (h) {
    WITH h.subject AS named, split(h.subject, ':')[0] AS kind
    WITH kind, substring(named, size(kind) + 1) AS value
    RETURN [kind, CASE WHEN kind IN ['anonymous', 'device', 'user'] AND NOT value CONTAINS '@' THEN value ELSE '***' END] AS f2 LIMIT 1
  }
  OPTIONAL CALL (h) {
    WITH h.identifier AS named, split(h.identifier, ':')[0] AS kind
    WITH kind, substring(named, size(kind) + 1) AS value
    RETURN [CASE WHEN kind IN ['anonymous', 'device', 'user'] AND NOT value CONTAINS '@' THEN value ELSE '***' END] AS f5 LIMIT 1
  }
  WITH collect([f2, f5]) AS page
  RETURN [page] AS f0
}
CALL () {
  MATCH (r:Rejected)
  WHERE r.id < 'rej_~' AND r.id > 'rej_'
  WITH r ORDER BY r.id DESC LIMIT $limit_7
  WITH collect([r.code]) AS page
  RETURN [page] AS f7
}
CALL () {
  UNWIND $ids_12 AS one
  OPTIONAL CALL (one) {
    MATCH (i:Identifier {id: 'idn_' + substring(one, 4)}) WHERE one STARTS WITH 'dev_' AND i.kind = 'device'
    RETURN [0, [CASE WHEN i.kind IN ['anonymous', 'device', 'user'] AND NOT i.value CONTAINS '@' THEN i.value ELSE '***' END, '{}']] AS f12_0 LIMIT 1
  }
  RETURN collect([coalesce(f12_0)]) AS f12
}
RETURN [f0, f7, f12] AS answer
