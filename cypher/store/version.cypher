// The server's version.
//
// Parameters: none
// Columns, one row
//   version  STRING  such as 2026.04.0
CALL dbms.components() YIELD name, versions
WITH name, versions WHERE name = 'Neo4j Kernel'
RETURN versions[0] AS version
