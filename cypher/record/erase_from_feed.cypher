// Remembers what is to be taken out of the feed, until that is done.
//
// Parameters
//   ids     LIST<STRING>  of the erased customer
//   keys    LIST<STRING>  of its identifiers
//   others  LIST<STRING>  customers who had one of these before
// Columns: none
CREATE (:FeedErasure {ids: $ids, keys: $keys, others: $others})
