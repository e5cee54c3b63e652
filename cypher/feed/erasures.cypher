// Erasures that are to be carried out in the feed.
//
// Parameters: none
// Columns, one row for each
//   erasure            STRING        the database's id of it
//   ids, keys, others  LIST<STRING>  as `record/erase_from_feed`
MATCH (e:FeedErasure)
RETURN elementId(e) AS erasure, e.ids AS ids, e.keys AS keys, e.others AS others
