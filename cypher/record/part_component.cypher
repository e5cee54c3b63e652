// The identifiers that evidence connects with one, over any number of steps.
//
// Parameters
//   key  STRING
// Columns, one row for each identifier, the first one not among them
//   key  STRING
// A breadth-first search that visits each identifier once.
MATCH (:Identifier {key: $key})-[links:LINKED*1..]-(i:Identifier)
WHERE all(l IN links WHERE l.endedAt IS NULL)
RETURN DISTINCT i.key AS key
