// How many members segments had, hour by hour.
//
// Parameters
//   ids    LIST<STRING>  seg_...
//   first  STRING        from this day on, such as 2026-03-31
//   last   STRING        up to this day
// Columns, one row for each day, by segment, oldest first
//   segment  STRING
//   day      STRING
//   sizes    LIST<INTEGER>  for each hour in UTC; -1 where nothing was measured
// Reads by the unique index on SegmentDay(segment, day), in its order.
UNWIND $ids AS wanted
CALL (wanted) {
  MATCH (d:SegmentDay)
  WHERE d.segment = wanted AND d.day >= $first AND d.day <= $last
  RETURN d ORDER BY d.segment, d.day
}
RETURN wanted AS segment, d.day AS day, d.sizes AS sizes
