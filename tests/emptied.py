"""A graph as it is after its migrations, without starting another server."""

from graphcdp.model.statement import Statement

EMPTY = Statement(
    """MATCH (n)
WHERE NOT n:Migration|SegmentEdition
DETACH DELETE n
WITH count(*) AS gone
MERGE (e:SegmentEdition {name: 'segments'})
SET e.id = randomUUID()"""
)
