// Up to which number changes may be dropped.
//
// Parameters
//   keep_s    FLOAT    how long changes are kept, in seconds
//   keep_max  INTEGER  how many
//   limit     INTEGER  pages to look at
// Columns, one row
//   until  INTEGER  null when there is nothing to drop
MATCH (f:Feed {name: 'changes'})
WITH f.floor AS floor, f.seq - $keep_max AS least,
     datetime.realtime() - duration({milliseconds: toInteger($keep_s * 1000)}) AS horizon
CALL (floor) {
  MATCH (p:ChangePage)
  USING INDEX SEEK p:ChangePage(last)
  WHERE p.last > floor
  RETURN p ORDER BY p.last LIMIT $limit
}
WITH p WHERE p.last <= least OR p.at < horizon
RETURN max(p.last) AS until
