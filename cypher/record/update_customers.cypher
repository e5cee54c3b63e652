// Sets properties of customers; flattened traits that are no longer there are removed.
//
// Parameters
//   rows  LIST<MAP{id: STRING, properties: MAP, flattened: MAP, and as text the times
//         firstSeen, lastSeen}>  a property of null is removed;
//         flattened is null when no trait changed
//   now   DATETIME
// Columns: none
UNWIND $rows AS row
MATCH (c:Customer {id: row.id})
WITH c, row,
     CASE WHEN row.flattened IS NULL THEN []
          ELSE [name IN keys(c) WHERE name STARTS WITH 'traits.' AND row.flattened[name] IS NULL] END AS stale
SET c += row.properties, c += coalesce(row.flattened, {}), c.updatedAt = $now,
    c.firstSeen = datetime(row.firstSeen), c.lastSeen = datetime(row.lastSeen)
FOREACH (name IN stale | SET c[name] = null)
