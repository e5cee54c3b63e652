// Keeps when API keys were last used.
//
// Parameters
//   used  LIST<MAP{id: STRING, at: DATETIME}>
// Columns: none
UNWIND $used AS one
MATCH (k:ApiKey {id: one.id})
SET k.lastUsedAt = one.at
