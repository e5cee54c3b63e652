// Makes customers who are whole at once, with their first identifiers: what most new ones are.
//
// Parameters
//   batch  MAP (why a map, and planned once: `record/write_batch`) of
//     rows  LIST<MAP{properties: MAP, flattened: MAP, createdAt: DATETIME, and as text the times firstSeen, lastSeen;
//           owned: LIST<LIST<ANY>>, of each identifier its element id and since when, a DATETIME}>
//           flattened: traits, by property; null without any
//   now    DATETIME
// Columns: none
CYPHER replan=skip
UNWIND $batch.rows AS row
CREATE (c:Customer)
SET c = row.properties, c += coalesce(row.flattened, {}), c.createdAt = row.createdAt, c.updatedAt = $now,
    c.firstSeen = datetime(row.firstSeen), c.lastSeen = datetime(row.lastSeen)
WITH c, row
UNWIND row.owned AS owned
MATCH (i) WHERE elementId(i) = owned[0]
CREATE (i)-[:IDENTIFIES {since: owned[1]}]->(c)
