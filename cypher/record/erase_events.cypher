// Deletes some of the events that hang on erased identifiers.
//
// Parameters
//   limit    INTEGER
// Columns, one row
//   deleted  INTEGER
MATCH (:Erased)<-[:BY]-(e:Event)
WITH e LIMIT $limit
DETACH DELETE e
RETURN count(*) AS deleted
