// Whose two identifiers are, and whether something else than a limit keeps them apart.
//
// Parameters
//   pairs  LIST<MAP{one: STRING, other: STRING, hashes: LIST<STRING>}>
//          two keys, and under which hashes they are remembered when erased
// Columns, one row for each pair, in their order
//   one, other            STRING   the keys
//   one_owner, other_owner  STRING   ids of live customers; null when nobody has it
//   cut                   BOOLEAN  the evidence was cut and not allowed again
//   erased                BOOLEAN  one of them was
UNWIND range(0, size($pairs) - 1) AS place
WITH place, $pairs[place] AS pair
OPTIONAL MATCH (one:Identifier {key: pair.one})
OPTIONAL MATCH (other:Identifier {key: pair.other})
OPTIONAL MATCH (one)-[:IDENTIFIES]->(a:Customer)
OPTIONAL MATCH (other)-[:IDENTIFIES]->(b:Customer)
RETURN pair.one AS one, pair.other AS other, a.id AS one_owner, b.id AS other_owner,
       EXISTS { (one)-[l:LINKED]-(other) WHERE l.endedBy = 'cut' AND l.allowedAt IS NULL } AS cut,
       EXISTS { MATCH (s:Suppressed) WHERE s.hash IN pair.hashes } AS erased
ORDER BY place
