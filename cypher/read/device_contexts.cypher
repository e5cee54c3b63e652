// The contexts of the latest events of each device, or of any other identifier that comes along with others.
//
// An event hangs on the strongest identifier that it carried, which the evidence
// ties to the others. So for each of these that was seen with the device last,
// the walk begins at that time; it looks at a few events, whoever else is busy.
//
// Parameters
//   keys      LIST<STRING>  kind:value
//   subjects  INTEGER       how many that evidence ties to it are looked at
//   walked    INTEGER       how many events of each
//   limit     INTEGER       contexts of each device
// Columns, one row for each that exists, in no order
//   key       STRING
//   contexts  LIST<STRING>  JSON, of the latest event first; none that is empty
// Walks the index on Event(subject, at).
UNWIND $keys AS wanted
MATCH (i:Identifier {key: wanted})
CALL (i) {
  CALL (i) {
    RETURN i.key AS subject, i.lastEventAt AS near
    UNION ALL
    MATCH (i)-[l:LINKED]-(other:Identifier)
    WITH other.key AS subject, max(l.lastSeen) AS near ORDER BY near DESC LIMIT $subjects
    RETURN subject, near
  }
  WITH i.key AS carried, subject, near
  WHERE near IS NOT NULL
  CALL (carried, subject, near) {
    MATCH (e:Event)
    WHERE e.subject = subject AND e.at <= near
    WITH e ORDER BY e.subject DESC, e.at DESC LIMIT $walked
    WITH e WHERE carried IN e.identifiers AND e.context <> '{}'
    RETURN e LIMIT $limit
  }
  WITH e ORDER BY e.at DESC, e.id DESC LIMIT $limit
  RETURN collect(e.context) AS contexts
}
RETURN wanted AS key, contexts
