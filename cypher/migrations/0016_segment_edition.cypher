// Which segments there are, by one name that becomes another one with each change: so that writers, who need to know
// with each batch, read them once.

CREATE CONSTRAINT segment_edition IF NOT EXISTS FOR (e:SegmentEdition) REQUIRE e.name IS UNIQUE;
MERGE (e:SegmentEdition {name: 'segments'})
ON CREATE SET e.id = randomUUID();
