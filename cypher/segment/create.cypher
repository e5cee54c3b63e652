// Makes a segment without members.
//
// Parameters
//   properties  MAP       id, key, name, description, kind, status, rule, ruleText, version
//   now         DATETIME
// Columns: none
CREATE (s:Segment)
SET s = $properties, s.createdAt = $now, s.updatedAt = $now
