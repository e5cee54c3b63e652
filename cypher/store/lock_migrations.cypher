// Takes the migration lock until the transaction ends: writing to the guard waits for whoever wrote before.
//
// It also makes the name `lock` known to the database. Everywhere else removing
// that property is how a node is locked; a name that the database has never
// seen is passed over, and no lock is taken.
//
// Parameters: none
// Columns: none
MERGE (guard:Migration {number: 0})
SET guard.name = 'guard', guard.lock = true
REMOVE guard.lock
