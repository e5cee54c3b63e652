// What deciding a merge needs of customers, without locking them.
//
// Parameters
//   ids         LIST<STRING>  cus_...; a few
//   priorities  MAP           kind -> INTEGER, the greater the stronger
//   windowed    LIST<STRING>  kinds whose limit looks at a window
// Columns, one row for each customer that lives, in no order
//   id           STRING
//   created      DATETIME
//   counts       LIST<LIST>  pairs of kind and number
//   traits       STRING  JSON: {name: value}
//   trait_times  STRING  JSON: {name: [at, message id, source]}
//   kind         STRING  of the strongest identifier
//   value        STRING  of the strongest identifier
//   recent       LIST<LIST>  of windowed kinds: kind, key and last seen, DATETIME
// Reads by the unique index on Customer(id).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  RETURN i ORDER BY coalesce($priorities[i.kind], -1) DESC, i.key LIMIT 1
}
RETURN c.id AS id, c.createdAt AS created,
       [name IN keys(c) WHERE name STARTS WITH 'count.' | [substring(name, 6), c[name]]] AS counts,
       c.traits AS traits, c.traitTimes AS trait_times, i.kind AS kind, i.value AS value,
       CASE WHEN size($windowed) = 0 THEN [] ELSE COLLECT {
         MATCH (c)<-[:IDENTIFIES]-(used:Identifier)
         WHERE used.kind IN $windowed
         RETURN [used.kind, used.key, used.lastSeen]
       } END AS recent
