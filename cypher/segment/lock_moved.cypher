// Locks segments in the order of their ids, before customers come in or go out.
//
// The edges of a segment with many are locked together, by several writers at first, and a writer who then needs them
// for itself waits for the others as they do for it: so each takes the segments before their edges.
//
// Parameters
//   batch  MAP{segments: LIST<STRING>}  seg_..., ascending; why a map: `record/write_batch`
// Columns: none
UNWIND $batch.segments AS id
MATCH (s:Segment {id: id})
REMOVE s.lock
