// Where changes go, oldest first.
//
// Parameters
//   type  STRING  such as webhook; null for all
// Columns, one row for each
//   id              STRING        whk_... of webhooks
//   type            STRING
//   name            STRING        null for none
//   url             STRING        of webhooks
//   filter          STRING        JSON, lists of names by kind of name
//   enabled         BOOLEAN
//   reason          STRING        why it is disabled; null when somebody did it, or when it is enabled
//   version         INTEGER       goes up with each edit
//   created, updated  DATETIME
//   cursor          INTEGER       number of the change up to which all are delivered or kept as deliveries
//   failures        INTEGER       tries without success since the last success
//   failing_since   DATETIME      null when the last try succeeded
//   holder          STRING        the process that delivers; null for none
//   lease           DATETIME      until when
// There are few, so all are looked at.
MATCH (d:Destination)
WHERE $type IS NULL OR d.type = $type
RETURN d.id AS id, d.type AS type, d.name AS name, d.url AS url, d.filter AS filter, d.enabled AS enabled,
       d.reason AS reason, d.version AS version, d.createdAt AS created, d.updatedAt AS updated,
       d.cursor AS cursor, coalesce(d.failures, 0) AS failures, d.failingSince AS failing_since,
       d.holder AS holder, d.leaseUntil AS lease
ORDER BY d.createdAt, id
