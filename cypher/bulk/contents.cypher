// What is in the graph, each set of labels with how many nodes have it.
//
// Parameters: none
// Columns, one row for each
//   labels  LIST<STRING>
//   total   INTEGER
MATCH (n) WHERE NOT n:Migration
RETURN labels(n) AS labels, count(*) AS total
