// How many keys lie between two bounds.
//
// Parameters
//   after  STRING
//   end    STRING
// Columns, one row
//   total  INTEGER
MATCH (i:Identifier)
WHERE i.key > $after AND i.key < $end
RETURN count(i) AS total
