// Sources by their names.
//
// Parameters
//   names  LIST<STRING>
// Columns, one row for each that there is, in no order
//   name        STRING
//   messages    INTEGER   all that came; the next five are of them
//   events      INTEGER   recorded
//   duplicates  INTEGER   were there already
//   rejected    INTEGER   refused, and kept
//   limited     INTEGER   refused for their number, and not kept
//   violations  INTEGER   broke the tracking plan
//   first       DATETIME  when the first one came
//   last        DATETIME  when the latest one came
//   sample      STRING    JSON, the shape of the latest one
// Reads by the unique index on Source(name).
UNWIND $names AS wanted
MATCH (s:Source {name: wanted})
RETURN s.name AS name, s.messages AS messages, s.events AS events, s.duplicates AS duplicates,
       s.rejected AS rejected, s.limited AS limited, s.violations AS violations,
       s.firstSeen AS first, s.lastSeen AS last, s.sample AS sample
