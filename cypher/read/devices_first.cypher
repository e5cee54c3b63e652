// A page of devices for each customer, counted from the list's start. The list goes from the last used.
//
// Parameters
//   ids        LIST<STRING>  cus_...
//   after_at   DATETIME      starts after the device last seen then; null for none
//   after_id   STRING        and with this id
//   before_at  DATETIME      ends before the device last seen then; null for none
//   before_id  STRING        and with this id
//   limit      INTEGER       devices for each customer
// Columns, one row for each device, by customer, nearest to the start first
//   customer_id  STRING
//   id           STRING  idn_...
//   key          STRING
//   kind         STRING
//   value        STRING
//   first_seen   DATETIME
//   last_seen    DATETIME
//   sources      LIST<STRING>
UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Device)
  WHERE ($after_at IS NULL OR i.lastSeen < $after_at OR (i.lastSeen = $after_at AND i.id < $after_id))
    AND ($before_at IS NULL OR i.lastSeen > $before_at OR (i.lastSeen = $before_at AND i.id > $before_id))
  RETURN i ORDER BY i.lastSeen DESC, i.id DESC LIMIT $limit
}
RETURN c.id AS customer_id, i.id AS id, i.key AS key, i.kind AS kind, i.value AS value,
       i.firstSeen AS first_seen, i.lastSeen AS last_seen, i.sources AS sources
