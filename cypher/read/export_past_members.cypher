// A page of those who were members of a segment at a past time, by id.
//
// Parameters
//   segment  STRING    seg_...
//   at       DATETIME
//   after    STRING    a customer id; "" to begin
//   limit    INTEGER
// Columns, one row
//   members  LIST<LIST<STRING>>  [id, since when], by id
// Reads all who are or were members for each page, as export_members does.
MATCH (:Segment {id: $segment})<-[member:IN_SEGMENT|WAS_IN]-(c:Customer)
WHERE c.id > $after AND member.since <= $at AND coalesce(member.until > $at, true)
WITH c.id AS id, max(member.since) AS since ORDER BY id LIMIT $limit
RETURN collect([id, toString(since)]) AS members
