// Refused evidence by id.
//
// Parameters
//   ids  LIST<STRING>  cfl_...
// Columns, one row for each that exists, in no order
//   id          STRING
//   at          DATETIME  when it was first refused: the time in the id
//   subject     STRING    key of the identifier that the message was about
//   identifier  STRING    key of the one that was refused; need not be stored
//   code        STRING    LIMIT, MERGE_OFF, BLOCKED or RULES
//   kind        STRING    of which there would be too many, or null
//   most        INTEGER   how many of it are allowed, or null
//   actual      INTEGER   how many there would be, or null
//   times       INTEGER   how many messages showed it
//   first_seen  DATETIME  time of the first message
//   last_seen   DATETIME
//   message     STRING    id of the first message
//   source      STRING
//   status      STRING    OPEN, MERGED, KEPT_APART, BLOCKED or SOLVED
//   decided     DATETIME  or null
//   reason      STRING    what the person gave who decided, or null
// Reads by the unique index on Conflict(id).
UNWIND $ids AS wanted
MATCH (c:Conflict {id: wanted})
RETURN c.id AS id,
       datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
         t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(c.id, n, 1))[0]))}) AS at,
       c.subject AS subject, c.identifier AS identifier, c.code AS code, c.kind AS kind, c.limit AS most,
       c.actual AS actual, c.count AS times, c.firstSeen AS first_seen, c.lastSeen AS last_seen,
       c.message AS message, c.source AS source, c.status AS status, c.decidedAt AS decided, c.reason AS reason
