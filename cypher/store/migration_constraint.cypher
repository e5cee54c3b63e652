// Makes a migration's number unique; the guard is number 0.
//
// Parameters: none
// Columns: none
CREATE CONSTRAINT migration_number IF NOT EXISTS FOR (m:Migration) REQUIRE m.number IS UNIQUE
