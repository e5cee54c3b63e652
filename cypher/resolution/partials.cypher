// A page of the messages of which claims were left out, by id.
//
// Parameters
//   after  STRING   message id to start after; '' for none
//   page   INTEGER  how many
// Columns, one row for each message
//   id       STRING
//   subject  STRING        key of the identifier that it hangs on
//   at       STRING        a time
//   source   STRING
//   dropped  LIST<STRING>  code, space, kind:value as it was written
MATCH (p:Partial)
WHERE p.id > $after
RETURN p.id AS id, p.subject AS subject, toString(p.at) AS at, p.source AS source, p.dropped AS dropped
ORDER BY id LIMIT $page
