// How far the indexes are that are still being filled.
//
// Parameters: none
// Columns, one row
//   waiting  INTEGER       indexes that are still being filled
//   failed   LIST<STRING>  names of those that cannot be filled
//   share    FLOAT         how much of all indexes is filled, 0 to 1
SHOW INDEXES YIELD name, state, populationPercent
RETURN count(CASE state WHEN 'POPULATING' THEN 1 END) AS waiting,
       collect(CASE state WHEN 'FAILED' THEN name END) AS failed,
       avg(populationPercent) / 100 AS share
