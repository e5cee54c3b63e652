// Segments by id.
//
// Parameters
//   ids  LIST<STRING>  seg_...
// Columns, one row for each segment that is there, in no order
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
// Reads by the unique index on Segment(id).
UNWIND $ids AS wanted
MATCH (s:Segment {id: wanted})
RETURN s.id AS id, s.key AS key, s.name AS name, s.description AS description, s.kind AS kind,
       s.status AS status, s.rule AS rule, s.ruleText AS rule_text, s.version AS version,
       s.createdAt AS created, s.updatedAt AS updated,
       s.checkedAt AS checked, s.drift AS drift
