// Where a webhook is, and what it is signed with.
//
// Parameters
//   id  STRING
// Columns, one row when there is such a webhook
//   url     STRING
//   secret  STRING
MATCH (d:Destination {id: $id, type: 'webhook'})
RETURN d.url AS url, d.secret AS secret
