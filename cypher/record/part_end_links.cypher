// Ends evidence of a customer that counts, by id.
//
// Parameters
//   id     STRING        of the customer
//   links  LIST<STRING>  ids of links
//   by     STRING        cut, or rules
//   now    DATETIME
// Columns, one row for each link that was ended
//   id     STRING
MATCH (:Customer {id: $id})<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]->(:Identifier)
WHERE l.endedAt IS NULL AND l.id IN $links
SET l.endedAt = $now, l.endedBy = $by
RETURN l.id AS id
