CALL () {
  MATCH (s:Source)
  WHERE s.name > $after_0
  WITH s ORDER BY s.name LIMIT $limit_0
  WITH *, s {.name, .messages, .rejected, .lastSeen} AS stored
  WITH collect([[stored.name], [stored.name, stored.messages, CASE WHEN stored.messages = 0 THEN 0.0 ELSE toFloat(stored.rejected) / stored.messages END, toString(stored.lastSeen)]]) AS rows
  WITH rows[..$size_0] AS page, size(rows) > $size_0 AS more
  RETURN [page, [($followed_0 OR more)]] AS f0
}
OPTIONAL CALL () {
  MATCH (s:Source {name: $name_10})
  RETURN [s.events, s.duplicates, s.rejected, s.limited, s.violations, toString(s.firstSeen), s.sample] AS f10 LIMIT 1
}
RETURN [f0, f10] AS answer
