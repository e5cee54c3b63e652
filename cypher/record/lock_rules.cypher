// Locks the identity rules until the transaction ends, so that versions come one after another.
//
// Removing a property takes the node's write lock, whether or not it is there.
//
// Parameters: none
// Columns: none
MERGE (f:RulesInForce {name: 'identity'})
REMOVE f.lock
