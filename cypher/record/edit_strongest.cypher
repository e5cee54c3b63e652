// The identifiers of customers, for choosing one that stands for each.
//
// Parameters
//   ids  LIST<STRING>  of live customers
// Columns, one row for each identifier
//   customer     STRING
//   kind, value  STRING
UNWIND $ids AS id
MATCH (:Customer {id: id})<-[:IDENTIFIES]-(i:Identifier)
RETURN id AS customer, i.kind AS kind, i.value AS value
