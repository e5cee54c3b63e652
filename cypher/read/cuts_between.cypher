// Pairs of identifiers whose evidence was cut and not allowed again.
//
// Parameters
//   keys  LIST<STRING>  kind:value; a few
// Columns, one row for each pair
//   one    STRING  the smaller key
//   other  STRING  the greater key
// Reads by the unique index on Identifier(key).
UNWIND $keys AS smaller
UNWIND [key IN $keys WHERE key > smaller] AS greater
MATCH (a:Identifier {key: smaller})
MATCH (b:Identifier {key: greater})
// Both ends are found before their links: from one alone, a hub, there may be thousands to walk.
CALL (a, b) {
  MATCH (a)-[l:LINKED]->(b)
  WHERE l.endedBy = 'cut' AND l.allowedAt IS NULL
  RETURN l LIMIT 1
}
RETURN a.key AS one, b.key AS other
