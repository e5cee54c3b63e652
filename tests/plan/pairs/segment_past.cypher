OPTIONAL CALL () {
  MATCH (s:Segment {key: $key_0})
  CALL (s) {
    MATCH (v:SegmentVersion)
    WHERE v.segment = s.id AND v.number > 0
    WITH v ORDER BY v.segment DESC, v.number DESC LIMIT $limit_1
    CALL (v) {
      WITH [v.segment, v.number] AS one
      OPTIONAL CALL (one) {
        MATCH (v:SegmentVersion {segment: one[0], number: one[1] - 1})
        RETURN [v.ruleText, v.status] AS f9_0 LIMIT 1
      }
      RETURN f9_0 AS f9
    }
    WITH *, v {.number, .at, .by, .action, .changed, .ruleText} AS stored
    WITH collect([[stored.number, toString(stored.at), stored.by, stored.action, stored.changed, stored.ruleText, f9], [stored.number]]) AS page
    CALL (s) {
      WITH COUNT { MATCH (v:SegmentVersion) WHERE v.segment = s.id AND v.number > 0 } AS value,
           'EXACT' AS precision
      RETURN [value] AS f12
    }
    RETURN [[x IN page | x[0]], f12, [page[-1][1]]] AS f1
  }
  CALL (s) {
    MATCH (d:SegmentDay)
    WHERE d.segment = s.id AND d.day >= left($since_16, 10) AND d.day <= left($until_16, 10)
    WITH d ORDER BY d.segment, d.day
    WITH d.day AS day, [hour IN range(0, 23) WHERE d.sizes[hour] >= 0 | [hour, d.sizes[hour]]] AS found
    UNWIND found AS one
    WITH day + 'T' + right('0' + one[0], 2) + ':00:00Z' AS at, one[1] AS size
    WITH at, size ORDER BY at
    WHERE at >= $since_16 AND at < $until_16
    RETURN collect([at, size]) AS f16
  }
  RETURN [f1, f16] AS f0 LIMIT 1
}
RETURN [f0] AS answer
