// Turns absorbed customers into MergedCustomer, so that their ids keep resolving, and logs each merge.
//
// That the absorbed were in segments becomes the survivor's past; it ends with the merge.
//
// Parameters
//   batch  MAP (why a map: `record/write_batch`) of
//     rows  LIST<MAP{id: STRING, into: STRING, merge: STRING, at: DATETIME, cause: STRING, type: STRING,
//           message: STRING, source: STRING, reason: STRING, swapped: BOOLEAN}>
//           in the order of the merges; into: alive at that moment; type: of the message;
//           message, source, reason may be null; swapped: true when the absorbed customer's
//           node lives on under the survivor's id, else null
//   now   DATETIME
// Columns: none
UNWIND $batch.rows AS row
MATCH (gone:Customer {id: row.id})
MATCH (into:Customer {id: row.into})
CALL (row, gone, into) {
  MATCH (gone)-[member:IN_SEGMENT|WAS_IN]->(segment)
  CREATE (into)-[:WAS_IN {since: member.since, until: coalesce(member.until, row.at)}]->(segment)
  DELETE member
}
CALL (gone) {
  MATCH (gone)-[due:DUE]->()
  DELETE due
}
CREATE (gone)-[:MERGED_INTO {merge: row.merge, at: row.at, reason: row.type, message: row.message,
                            swapped: row.swapped}]->(into)
CREATE (:Merge {id: row.merge, at: row.at, survivor: row.into, absorbed: row.id, cause: row.cause,
                message: row.message, source: row.source, reason: row.reason})
SET gone = {id: gone.id, createdAt: gone.createdAt}, gone:MergedCustomer
REMOVE gone:Customer
