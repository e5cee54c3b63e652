// Locks the model of behaviour, and tells whether it is old and no job renews it.
//
// Parameters
//   before  DATETIME  it is old when it was worked out before this
// Columns, one row when there is a model
//   old     BOOLEAN
// Reads by the unique index on BehaviourModel(name), and all jobs, which are few.
MATCH (m:BehaviourModel {name: 'now'})
REMOVE m.lock
WITH m
RETURN m.at < $before AND NOT EXISTS {
  MATCH (j:Job {kind: 'DISCOVERY'}) WHERE j.status IN ['QUEUED', 'RUNNING']
} AS old
