// Keeps what the facts of customers are, and how many have each.
//
// Parameters
//   facts      STRING    JSON
//   customers  INTEGER   how many were looked at
//   at         DATETIME
// Columns: none
// Reads by the unique index on BehaviourModel(name).
MERGE (m:BehaviourModel {name: 'now'})
SET m.facts = $facts, m.customers = $customers, m.at = $at
