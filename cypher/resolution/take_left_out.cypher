// Takes claims that were left out of messages as though they had been taken when the message came.
//
// Parameters
//   rows  LIST<MAP{id: STRING, left: LIST<STRING>, taken: LIST<STRING>}>
//         left: claims that are still left out; taken: keys of identifiers that count now
// Columns: none
UNWIND $rows AS row
MATCH (p:Partial {id: row.id})
SET p.dropped = CASE WHEN size(row.left) = 0 THEN null ELSE row.left END,
    p.identifiers = p.identifiers + [key IN row.taken WHERE NOT key IN p.identifiers]
FOREACH (_ IN CASE WHEN size(row.left) = 0 THEN [1] ELSE [] END | REMOVE p:Partial)
