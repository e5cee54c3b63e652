// The identity rules in force.
//
// Parameters: none
// Columns, one row; none before there is any version
//   version       INTEGER
//   since         DATETIME
//   json          STRING    the rules
//   origin, note  STRING    note: null for none
MATCH (f:RulesInForce {name: 'identity'})
MATCH (r:RuleSet {version: f.version})
RETURN r.version AS version, r.since AS since, r.json AS json, r.origin AS origin, r.note AS note
