// Of which kinds there are identifiers.
//
// Parameters
//   kinds  LIST<STRING>
// Columns, one row for each kind of which there is any
//   kind   STRING
// Reads one entry a kind of the unique index on Identifier(key).
UNWIND $kinds AS kind
CALL (kind) {
  MATCH (i:Identifier)
  WHERE i.key STARTS WITH kind + ':'
  RETURN i LIMIT 1
}
RETURN kind
