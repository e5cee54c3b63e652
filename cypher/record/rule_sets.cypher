// Versions of the identity rules, newest first.
//
// Parameters
//   version  INTEGER  only this one; null for all
//   limit    INTEGER  how many
// Columns, one row for each version
//   version       INTEGER
//   since         DATETIME
//   json          STRING    the rules
//   origin, note  STRING    note: null for none
MATCH (r:RuleSet)
WHERE $version IS NULL OR r.version = $version
RETURN r.version AS version, r.since AS since, r.json AS json, r.origin AS origin, r.note AS note
ORDER BY version DESC LIMIT $limit
