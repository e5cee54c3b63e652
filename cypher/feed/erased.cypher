// Forgets an erasure that was carried out in the feed.
//
// Parameters
//   erasure  STRING  as `feed/erasures` told it
// Columns: none
MATCH (e:FeedErasure)
WHERE elementId(e) = $erasure
DELETE e
