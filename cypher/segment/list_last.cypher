// A page of segments, counted from the list's end. The list goes by name, in any case, then by id.
//
// Parameters
//   search        STRING   part of a name or key, in any case; null for all
//   statuses      LIST<STRING>  of those asked for
//   after_place   STRING   starts after this place; null for none
//   after_id      STRING   and after this id
//   before_place  STRING   ends before this place; null for none
//   before_id     STRING   and before this id
//   limit         INTEGER
// Columns, one row for each segment, nearest to the end first
//   place        STRING  where the name stands in the list
//   id           STRING  seg_...
//   key          STRING
//   name         STRING
//   description  STRING  null for none
//   kind         STRING
//   status       STRING
//   rule         STRING  JSON of the condition
//   rule_text    STRING
//   version      INTEGER
//   created      DATETIME
//   updated      DATETIME
//   checked      DATETIME  null before the first check
//   drift        INTEGER   null before
MATCH (s:Segment)
WHERE s.status IN $statuses
  AND ($search IS NULL OR toLower(s.name) CONTAINS toLower($search) OR s.key CONTAINS toLower($search))
WITH s, toLower(s.name) AS place
WHERE ($after_place IS NULL OR place > $after_place OR (place = $after_place AND s.id > $after_id))
  AND ($before_place IS NULL OR place < $before_place OR (place = $before_place AND s.id < $before_id))
RETURN s.id AS id, s.key AS key, s.name AS name, s.description AS description, s.kind AS kind,
       s.status AS status, s.rule AS rule, s.ruleText AS rule_text, s.version AS version,
       s.createdAt AS created, s.updatedAt AS updated,
       s.checkedAt AS checked, s.drift AS drift, place
ORDER BY place DESC, id DESC LIMIT $limit
