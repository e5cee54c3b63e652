// Makes customers who are whole at once, with their first identifiers: what most new ones are.
//
// Parameters
//   batch  MAP (why a map, and planned once: `record/write_batch`) of
//     rows  LIST<MAP{properties: MAP, flattened: MAP, created: LIST<INTEGER>, times: LIST<INTEGER>,
//           owned: LIST<LIST<ANY>>, of each identifier its element id and since when, s, ns}>
//           flattened: traits, by property; null without any; created: s, ns;
//           times: s, ns of firstSeen, of lastSeen, null for one that is not known
//   now    DATETIME
// Columns: none
CYPHER replan=skip
UNWIND $batch.rows AS row
CREATE (c:Customer)
SET c = row.properties, c += coalesce(row.flattened, {}), c.updatedAt = $now,
    c.createdAt = datetime.fromepoch(row.created[0], row.created[1]),
    c.firstSeen = CASE WHEN row.times[0] IS NULL THEN null ELSE datetime.fromepoch(row.times[0], row.times[1]) END,
    c.lastSeen = CASE WHEN row.times[2] IS NULL THEN null ELSE datetime.fromepoch(row.times[2], row.times[3]) END
WITH c, row
UNWIND row.owned AS owned
MATCH (i) WHERE elementId(i) = owned[0]
CREATE (i)-[:IDENTIFIES {since: datetime.fromepoch(owned[1], owned[2])}]->(c)
