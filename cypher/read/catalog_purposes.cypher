// The purposes that anybody decided on, in the order of code points; cost as that of catalog_event_names.
//
// Parameters
//   most      INTEGER
// Columns, one row
//   purposes  LIST<STRING>
// Seeks in the index on Consent(purpose).
RETURN reduce(purposes = [], step IN range(1, $most) | purposes + COLLECT {
  MATCH (k:Consent)
  USING INDEX SEEK k:Consent(purpose)
  WHERE k.purpose > coalesce(last(purposes), '')
  RETURN k.purpose ORDER BY k.purpose LIMIT 1
}) AS purposes
