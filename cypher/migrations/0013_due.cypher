// When a customer is to be looked at again for a segment, since time alone may change whether it is a member.
//
// (:Customer)-[:DUE {at}]->(:Segment): nothing changes before `at`, unless the customer does.

CREATE INDEX due_at IF NOT EXISTS FOR ()-[d:DUE]-() ON (d.at);

// Whoever is in a segment already is found anew, and gets a moment with that.
MATCH (s:Segment {status: 'LIVE'}) SET s.status = 'BUILDING';
