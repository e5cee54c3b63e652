// Customers whose vectors are nearest to each of some, without some of them.
//
// The index finds them by vectors that it has made smaller; how near they are is told by the whole ones.
//
// Parameters
//   rows     LIST<MAP{key: STRING, vector: LIST<FLOAT>, nearest: INTEGER, segment: STRING, without: STRING}>
//            nearest: how many to look at; segment: seg_..., whose members are left out, null for none; without: a
//            customer who is left out, null for none
//   limit    INTEGER   most for each row
// Columns, one row for each customer that was found, nearest first
//   key      STRING    of the row
//   id       STRING
//   score    FLOAT          (1 + cosine) / 2
//   facts    LIST<INTEGER>
// Reads by the vector index on Customer(behaviour).
UNWIND $rows AS row
CALL (row) {
  CALL db.index.vector.queryNodes('customer_behaviour', row.nearest, row.vector) YIELD node AS c
  WHERE c:Customer AND c.id <> coalesce(row.without, '')
    AND NOT EXISTS { (c)-[:IN_SEGMENT]->(:Segment {id: row.segment}) }
  WITH c, vector.similarity.cosine(c.behaviour, row.vector) AS score
  RETURN c.id AS id, score, c.facts AS facts ORDER BY score DESC, id LIMIT $limit
}
RETURN row.key AS key, id, score, facts ORDER BY key, score DESC, id
