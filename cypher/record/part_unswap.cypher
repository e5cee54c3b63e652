// Gives the two sides of a merge the nodes that they would have if the survivor's had lived on, with all dates.
//
// Parameters
//   id     STRING  of the live customer
//   merge  STRING  of which the bigger customer's node lives on; no later one is left
// Columns: none
MATCH (:Customer {id: $id})<-[:MERGED_INTO*0..]-(big)<-[merged:MERGED_INTO {merge: $merge}]-(small:MergedCustomer)
WHERE merged.swapped
WITH big, small, merged, merged.at AS moment, properties(big) AS living, properties(small) AS gone
CALL (big, small, moment, merged) {
  MATCH (big)<-[held:IDENTIFIES]-(i:Identifier)
  FOREACH (_ IN CASE WHEN held.since < moment THEN [1] ELSE [] END |
    CREATE (i)-[:IDENTIFIED {since: held.since, until: moment, merge: merged.merge}]->(big)
  )
  CREATE (i)-[:IDENTIFIES {since: CASE WHEN held.since < moment THEN moment ELSE held.since END}]->(small)
  DELETE held
}
CALL (big, small, moment, merged) {
  MATCH (big)<-[held:IDENTIFIED]-(i:Identifier)
  WHERE held.until > moment
  FOREACH (_ IN CASE WHEN held.since < moment THEN [1] ELSE [] END |
    CREATE (i)-[:IDENTIFIED {since: held.since, until: moment, merge: merged.merge}]->(big)
  )
  CREATE (i)-[:IDENTIFIED {since: CASE WHEN held.since < moment THEN moment ELSE held.since END,
                           until: held.until, merge: held.merge}]->(small)
  DELETE held
}
CALL (big, small, moment) {
  MATCH (big)<-[other:MERGED_INTO]-(former)
  WHERE former <> small AND other.at >= moment
  CREATE (former)-[again:MERGED_INTO]->(small)
  SET again = properties(other)
  DELETE other
}
CALL (big, small) {
  MATCH (big)-[onward:MERGED_INTO]->(next)
  CREATE (small)-[again:MERGED_INTO]->(next)
  SET again = properties(onward)
  DELETE onward
}
CALL (big, small) {
  MATCH (big)-[member:IN_SEGMENT]->(segment)
  CREATE (small)-[:IN_SEGMENT {since: member.since}]->(segment)
  DELETE member
}
CALL (big, small) {
  MATCH (big)-[was:WAS_IN]->(segment)
  CREATE (small)-[:WAS_IN {since: was.since, until: was.until}]->(segment)
  DELETE was
}
CALL (big, small) {
  MATCH (big)-[due:DUE]->(segment)
  CREATE (small)-[:DUE {at: due.at}]->(segment)
  DELETE due
}
CALL (big, small, moment) {
  MATCH (past:PastId)-[:OF]->(node)
  WHERE node IN [big, small] AND past.until = moment
  DETACH DELETE past
}
CREATE (big)-[merge:MERGED_INTO]->(small)
SET merge = properties(merged), merge.swapped = null
DELETE merged
REMOVE small.id
SET big = gone
SET small = living
WITH big, small
WHERE big:Customer
REMOVE big:Customer, small:MergedCustomer
SET big:MergedCustomer, small:Customer
