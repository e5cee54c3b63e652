// Locks a destination, and reads what decides about it.
//
// Parameters
//   id  STRING
// Columns, one row when there is such a destination
//   type           STRING
//   url            STRING    of webhooks
//   filter         STRING    JSON
//   enabled        BOOLEAN
//   version        INTEGER
//   cursor         INTEGER
//   failures       INTEGER
//   failing_since  DATETIME  null when the last try succeeded
//   holder         STRING    the process that delivers; null for none
//   lease          DATETIME  until when
//   secret         STRING    that deliveries are signed with; of webhooks
//   secret_before  STRING    the one before; null for none
//   before_until   DATETIME  until when deliveries are signed with that, too
MATCH (d:Destination {id: $id})
REMOVE d.lock
WITH d
RETURN d.type AS type, d.url AS url, d.filter AS filter, d.enabled AS enabled, d.version AS version,
       d.cursor AS cursor, coalesce(d.failures, 0) AS failures, d.failingSince AS failing_since,
       d.holder AS holder, d.leaseUntil AS lease, d.secret AS secret, d.secretBefore AS secret_before,
       d.secretBeforeUntil AS before_until
