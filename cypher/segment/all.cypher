// All segments, with what deciding about them needs.
//
// Parameters: none
// Columns, one row for each segment, by id
//   id           STRING
//   key          STRING
//   name         STRING
//   description  STRING   null for none
//   rule         STRING   JSON of the condition
//   rule_text    STRING
//   status       STRING   BUILDING, LIVE, PAUSED or ARCHIVED
//   version      INTEGER
//   updated      DATETIME
//   size         INTEGER  members
// Reads all segments, of which there are few; sizes are degrees that the database keeps.
MATCH (s:Segment)
RETURN s.id AS id, s.key AS key, s.name AS name, s.description AS description, s.rule AS rule,
       s.ruleText AS rule_text, s.status AS status, s.version AS version, s.updatedAt AS updated,
       COUNT { (s)<-[:IN_SEGMENT]-() } AS size
ORDER BY id
