// A page of versions for each segment, counted from the list's end. The list goes from the newest.
//
// Parameters
//   ids     LIST<STRING>  seg_...
//   after   INTEGER       starts after this number; null for none
//   before  INTEGER       ends before this number; null for none
//   limit   INTEGER       versions for each segment
// Columns, one row for each version, by segment, nearest to the end first
//   segment      STRING   seg_...
//   number       INTEGER
//   at           DATETIME
//   by           STRING   who edited; null before versions were kept
//   by_name      STRING   what they are called; null for nothing
//   action       STRING
//   changed      LIST<STRING>
//   name         STRING
//   description  STRING   null for none
//   rule         STRING   JSON of the condition
//   rule_text    STRING
//   status       STRING   LIVE, PAUSED or ARCHIVED
// Reads by the unique index on SegmentVersion(segment, number), in its order.
UNWIND $ids AS wanted
CALL (wanted) {
  MATCH (v:SegmentVersion)
  WHERE v.segment = wanted AND v.number < coalesce($after, 9223372036854775807)
    AND v.number > coalesce($before, 0)
  RETURN v ORDER BY v.segment, v.number LIMIT $limit
}
RETURN wanted AS segment, v.number AS number, v.at AS at, v.by AS by, v.byName AS by_name, v.action AS action,
       v.changed AS changed, v.name AS name, v.description AS description, v.rule AS rule, v.ruleText AS rule_text,
       v.status AS status
