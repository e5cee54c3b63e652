// How many identifiers each customer has.
//
// Parameters
//   ids    LIST<STRING>  cus_...
//   kinds  LIST<STRING>  only these; null for all
// Columns, one row for each customer, in no order
//   id     STRING
//   total  INTEGER
// Answered from counters on the customer.
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
RETURN c.id AS id,
       CASE WHEN $kinds IS NULL THEN coalesce(c.identifiers, 0)
            ELSE reduce(sum = 0, kind IN $kinds | sum + coalesce(c['count.' + kind], 0)) END AS total
