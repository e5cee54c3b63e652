// Merges by id.
//
// Parameters
//   ids  LIST<STRING>  mrg_...
// Columns, one row for each that exists, in no order
//   id             STRING
//   at             DATETIME
//   survivor       STRING    cus_... of who remained
//   absorbed       STRING    cus_... of who was absorbed
//   cause          STRING    EVIDENCE, ALIAS, MANUAL or RULES
//   message        STRING    id of the message, or null
//   source         STRING    or null
//   reason         STRING    or null
//   undone         DATETIME  or null while it stands
//   undone_reason  STRING    what the person gave who undid it, or null
// Reads by the unique index on Merge(id).
UNWIND $ids AS wanted
MATCH (m:Merge {id: wanted})
RETURN m.id AS id, m.at AS at, m.survivor AS survivor, m.absorbed AS absorbed, m.cause AS cause,
       m.message AS message, m.source AS source, m.reason AS reason, m.undoneAt AS undone,
       m.undoneReason AS undone_reason
