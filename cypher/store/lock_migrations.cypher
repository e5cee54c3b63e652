// Takes the migration lock until the transaction ends: writing to the guard waits for whoever wrote before.
//
// Parameters: none
// Columns: none
MERGE (guard:Migration {number: 0})
SET guard.name = 'guard'
