// What each customer decided last on each purpose, over all of its identifiers.
//
// At one time the more careful decision counts: a refusal before a grant, and of
// two grants the one that runs out first.
//
// Parameters
//   ids  LIST<STRING>  cus_...
// Columns, one row for each customer and purpose, by purpose
//   customer_id  STRING
//   purpose      STRING
//   granted      BOOLEAN
//   at           DATETIME
//   expires      DATETIME  null for never
//   source       STRING    or null
UNWIND $ids AS wanted
MATCH (:Customer {id: wanted})<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(k:Consent)
WITH wanted, k ORDER BY k.at DESC, k.granted, k.expiresAt
WITH wanted, k.purpose AS purpose, head(collect(k)) AS last
RETURN wanted AS customer_id, purpose, last.granted AS granted, last.at AS at, last.expiresAt AS expires,
       last.source AS source
ORDER BY customer_id, purpose
