// Locks identifiers in the order of their keys.
//
// Parameters
//   keys  LIST<STRING>  ascending
// Columns: none
UNWIND $keys AS key
MATCH (i:Identifier {key: key})
REMOVE i.lock
