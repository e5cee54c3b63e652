"""Conditions in their frames: who meets one, and who is and who should be in segments.

The frames are fixed text; what stands between them is a condition of where.py.
Parameters of the frames begin with `frame_`, those of conditions do not.
"""

from collections.abc import Sequence

from graphcdp.model.statement import Statement

_MEETING = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id}) WHERE %s
RETURN c.id AS id"""

_COUNT = """MATCH (c:Customer) WHERE %s
RETURN count(c) AS total"""

_MOVES = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id})
WITH c.id AS id, (%s) AS should, EXISTS { (c)-[:IN_SEGMENT]->(:Segment {id: $frame_segment}) } AS is
WHERE should <> is
RETURN id, should"""

_DIFFERING = """MATCH (c:Customer) WHERE c.id > $frame_after
WITH c ORDER BY c.id LIMIT $frame_limit
WITH c.id AS id, (%s) <> EXISTS { (c)-[:IN_SEGMENT]->(:Segment {id: $frame_segment}) } AS differs
RETURN max(id) AS last, collect(CASE WHEN differs THEN id END) AS ids"""


def meeting(condition: Statement, customer_ids: Sequence[str]) -> Statement:
    """Which of these customers meet the condition: rows of `id`, in no order."""
    return Statement(_MEETING % condition.text, {**condition.parameters, "frame_ids": list(customer_ids)})


def count(condition: Statement) -> Statement:
    """How many customers meet the condition: one row, `total`."""
    return Statement(_COUNT % condition.text, condition.parameters)


def moves(condition: Statement, segment_id: str, customer_ids: Sequence[str]) -> Statement:
    """Which of these customers are in the segment and should not be, or the reverse.

    Rows of `id` and `should`, in no order. One statement for each segment, not
    one for all: segments whose rules have one shape then share one plan, and
    a long union takes Neo4j seconds to plan.
    """
    return Statement(
        _MOVES % condition.text,
        {**condition.parameters, "frame_ids": list(customer_ids), "frame_segment": segment_id},
    )


def differing(condition: Statement, segment_id: str, *, after: str, limit: int) -> Statement:
    """A page of all customers, by id: who is in the segment and should not be, or the reverse.

    after: the page starts behind this customer id, "" for the first page. One
    row: `ids` of those who differ, and `last` of the page, null behind the end.
    """
    return Statement(
        _DIFFERING % condition.text,
        {**condition.parameters, "frame_segment": segment_id, "frame_after": after, "frame_limit": limit},
    )
