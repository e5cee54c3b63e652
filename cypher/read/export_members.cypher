// A page of the members of a segment, by id.
//
// Parameters
//   segment  STRING   seg_...
//   after    STRING   a customer id; "" to begin
//   limit    INTEGER
// Columns, one row
//   members  LIST<LIST<STRING>>  [id, since when], by id
// Reads all members for each page, since no index has their order, and keeps the page; so pages are large.
MATCH (:Segment {id: $segment})<-[member:IN_SEGMENT]-(c:Customer)
WHERE c.id > $after
WITH c.id AS id, member.since AS since ORDER BY id LIMIT $limit
RETURN collect([id, toString(since)]) AS members
