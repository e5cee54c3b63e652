// Nodes that stay when the graph is made anew, with all that they hold.
//
// Parameters: none
// Columns, one row for each
//   labels      LIST<STRING>
//   properties  MAP
MATCH (n) WHERE NOT n:Migration
RETURN labels(n) AS labels, properties(n) AS properties
