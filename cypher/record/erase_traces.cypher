// Deletes what else tells of erased identifiers: statements, consents, conflicts, and mentions in others' events.
//
// Parameters: none
// Columns, one row
//   erased  INTEGER  identifiers that are left to delete
MATCH (i:Erased)
CALL (i) {
  MATCH (s:Statement {subject: i.key})
  DELETE s
}
CALL (i) {
  MATCH (i)<-[:OF]-(k:Consent)
  DETACH DELETE k
}
CALL (i) {
  MATCH (c:Conflict)
  WHERE c.one = i.key OR c.other = i.key
  DETACH DELETE c
}
CALL (i) {
  MATCH (i)-[:LINKED]-(near:Identifier)
  WITH DISTINCT i, near
  MATCH (e:Event {subject: near.key})
  WHERE i.key IN e.identifiers
  SET e.identifiers = [key IN e.identifiers WHERE key <> i.key]
}
RETURN count(i) AS erased
