// The kinds of identifiers that anybody has, in the order of code points; cost as that of catalog_event_names.
//
// A key is kind:value, and the semicolon follows the colon; so the first key from
// `kind;` on is of the next kind.
//
// Parameters
//   most   INTEGER
// Columns, one row
//   kinds  LIST<STRING>
// Seeks in the unique index on Identifier(key).
RETURN reduce(kinds = [], step IN range(1, $most) | kinds + COLLECT {
  MATCH (i:Identifier)
  USING INDEX SEEK i:Identifier(key)
  WHERE i.key >= coalesce(last(kinds) + ';', '')
  RETURN split(i.key, ':')[0] ORDER BY i.key LIMIT 1
}) AS kinds
