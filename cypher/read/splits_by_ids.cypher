// Splits by id.
//
// Parameters
//   ids  LIST<STRING>  spl_...
// Columns, one row for each that exists, in no order
//   id           STRING
//   at           DATETIME
//   customer     STRING        cus_... of who was split
//   part         STRING        cus_... of who came out
//   cause        STRING        CUT, SPLIT, UNDO or RULES
//   identifiers  LIST<STRING>  keys that went with the part
//   merge        STRING        mrg_... that was undone, or null
//   reason       STRING        or null
// Reads by the unique index on Split(id).
UNWIND $ids AS wanted
MATCH (s:Split {id: wanted})
RETURN s.id AS id, s.at AS at, s.customer AS customer, s.part AS part, s.cause AS cause,
       s.identifiers AS identifiers, s.merge AS merge, s.reason AS reason
