// What the facts of customers are, and how many have each.
//
// Parameters: none
// Columns, one row when it was ever worked out
//   facts      STRING    JSON
//   customers  INTEGER   how many were looked at
//   at         DATETIME  when
// Reads by the unique index on BehaviourModel(name).
MATCH (m:BehaviourModel {name: 'now'})
RETURN m.facts AS facts, m.customers AS customers, m.at AS at
