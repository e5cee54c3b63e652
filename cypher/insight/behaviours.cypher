// What customers did, counted by name of event, and what is known of them.
//
// Parameters
//   ids          LIST<STRING>    of customers
//   edges        LIST<DATETIME>  six moments; events are also counted from each of them on
//   until        DATETIME        events from here on do not count
//   event        STRING          name of the events that hold an amount; null for none
//   amount       STRING          the property that holds it, as it is stored; null for none
// Columns, one row for each customer who is there
//   id           STRING
//   first_seen   DATETIME
//   last_seen    DATETIME
//   traits       STRING   JSON
//   identifiers  LIST<LIST<ANY>>  kind, how many
//   events       LIST<LIST<ANY>>  name, how many, seconds since 1970 of the first and the last, how many from each of
//                         the edges on, sum of amounts, days since 1970 on which there were some, sources
// Reads customers by the unique index on Customer(id), their events by the index on Event(subject, at).
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  MATCH (e:Event)
  USING INDEX SEEK e:Event(subject, at)
  WHERE e.subject = i.key AND e.at < $until
  WITH e.name AS name, e.at AS at, e.source AS source,
       CASE WHEN e.name = $event AND e[$amount] IS :: INTEGER NOT NULL | FLOAT NOT NULL
            THEN toFloat(e[$amount]) ELSE 0.0 END AS amount
  WITH name, count(*) AS events, min(at).epochSeconds AS first, max(at).epochSeconds AS last,
       sum(CASE WHEN at >= $edges[0] THEN 1 ELSE 0 END) AS from0,
       sum(CASE WHEN at >= $edges[1] THEN 1 ELSE 0 END) AS from1,
       sum(CASE WHEN at >= $edges[2] THEN 1 ELSE 0 END) AS from2,
       sum(CASE WHEN at >= $edges[3] THEN 1 ELSE 0 END) AS from3,
       sum(CASE WHEN at >= $edges[4] THEN 1 ELSE 0 END) AS from4,
       sum(CASE WHEN at >= $edges[5] THEN 1 ELSE 0 END) AS from5,
       sum(amount) AS amount, collect(DISTINCT at.epochSeconds / 86400) AS days, collect(DISTINCT source) AS sources
  RETURN collect([name, events, first, last, [from0, from1, from2, from3, from4, from5], amount, days, sources]) AS found
}
RETURN c.id AS id, c.firstSeen AS first_seen, c.lastSeen AS last_seen, coalesce(c.traits, '{}') AS traits,
       [key IN keys(c) WHERE key STARTS WITH 'count.' | [substring(key, 6), c[key]]] AS identifiers, found AS events
