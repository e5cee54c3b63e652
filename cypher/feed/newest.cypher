// Where the feed stands.
//
// Parameters: none
// Columns, one row: feed, a MAP
//   seq    INTEGER  number of the newest change; 0 before there is any
//   floor  INTEGER  changes up to this number were dropped
OPTIONAL MATCH (f:Feed {name: 'changes'})
RETURN {seq: coalesce(f.seq, 0), floor: coalesce(f.floor, 0)} AS feed
