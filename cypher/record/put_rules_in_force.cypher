// Makes a version of the identity rules, and puts it in force.
//
// Parameters
//   properties  MAP       version, json, origin, note, fileHash; null is left out
//   now         DATETIME
// Columns: none
MATCH (f:RulesInForce {name: 'identity'})
CREATE (r:RuleSet)
SET r = $properties, r.since = $now, f.version = $properties.version
