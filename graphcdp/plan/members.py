"""Conditions in their frames: who meets one, and who is and who should be in segments.

The frames are fixed text; what stands between them is a condition of where.py.
Parameters of the frames begin with `frame_`, those of conditions do not.
"""

from collections.abc import Sequence
from datetime import datetime

from graphcdp.model.statement import Statement

NO_MOMENT = Statement("null", {})
"""The moment of a condition that time does not change."""

_MEETING = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id}) WHERE %s
RETURN c.id AS id"""

_COUNT = """MATCH (c:Customer) WHERE %s
RETURN count(c) AS total"""

_MOVES = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id})
WITH c.id AS id, (%s) AS should, EXISTS { (c)-[:IN_SEGMENT]->(:Segment {id: $frame_segment}) } AS is
WHERE should <> is
RETURN id, should, true AS moves, false AS timed, null AS at"""

_TIMED_MOVES = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id})
MATCH (s:Segment {id: $frame_segment})
WITH c, (%s) AS should, EXISTS { (c)-[:IN_SEGMENT]->(s) } AS is,
     head(COLLECT { MATCH (c)-[due:DUE]->(s) RETURN due.at }) AS kept, %s AS at
WITH c.id AS id, should, should <> is AS moves, at,
     coalesce(kept <= $frame_now, false) OR coalesce(at < kept, kept IS NULL AND at IS NOT NULL) AS timed
WHERE moves OR timed
RETURN id, should, moves, timed, toString(at) AS at"""

_DIFFERING = """MATCH (c:Customer) WHERE c.id > $frame_after
WITH c ORDER BY c.id LIMIT $frame_limit
WITH c.id AS id, (%s) <> EXISTS { (c)-[:IN_SEGMENT]->(:Segment {id: $frame_segment}) } AS differs
RETURN max(id) AS last, collect(CASE WHEN differs THEN id END) AS ids"""

_TIMED_DIFFERING = """MATCH (c:Customer) WHERE c.id > $frame_after
WITH c ORDER BY c.id LIMIT $frame_limit
MATCH (s:Segment {id: $frame_segment})
WITH c, (%s) <> EXISTS { (c)-[:IN_SEGMENT]->(s) } AS differs,
     head(COLLECT { MATCH (c)-[due:DUE]->(s) RETURN due.at }) AS kept, %s AS at
WITH c.id AS id, differs OR coalesce(at < kept, kept IS NULL AND at IS NOT NULL) AS differs
RETURN max(id) AS last, collect(CASE WHEN differs THEN id END) AS ids"""


def meeting(condition: Statement, customer_ids: Sequence[str]) -> Statement:
    """Which of these customers meet the condition: rows of `id`, in no order."""
    return Statement(_MEETING % condition.text, {**condition.parameters, "frame_ids": list(customer_ids)})


def count(condition: Statement) -> Statement:
    """How many customers meet the condition: one row, `total`."""
    return Statement(_COUNT % condition.text, condition.parameters)


def moves(
    condition: Statement, segment_id: str, customer_ids: Sequence[str], now: datetime, at: Statement | None = None
) -> Statement:
    """Which of these customers are in the segment and should not be, or the reverse; and who is due at another moment.

    at: the moment at which time alone may change that, an expression on `c` that
    is null for none (moments.py); None when time changes nothing and nobody may
    be due. Rows of `id`, `should`, `moves`, `timed` and `at`, in no order; timed:
    `at`, a text, takes the place of the moment that is kept. It does when it is
    earlier, or when that one is over: a later one may wait, since whoever is looked
    at too early is only looked at again.

    One statement for each segment, not one for all: segments whose rules have
    one shape then share one plan, and a long union takes Neo4j seconds to plan.
    """
    frame = {"frame_ids": list(customer_ids), "frame_segment": segment_id}
    if at is None:
        return Statement(_MOVES % condition.text, {**condition.parameters, **frame})
    return Statement(
        _TIMED_MOVES % (condition.text, at.text),
        {**condition.parameters, **at.parameters, **frame, "frame_now": now},
    )


def differing(
    condition: Statement, segment_id: str, *, after: str, limit: int, at: Statement | None = None
) -> Statement:
    """A page of all customers, by id: who is in the segment and should not be, or the reverse, or is due earlier.

    after: the page starts behind this customer id, "" for the first page. at: as
    `moves`. One row: `ids` of those who differ, and `last` of the page, null behind the end.
    """
    frame = {"frame_segment": segment_id, "frame_after": after, "frame_limit": limit}
    if at is None:
        return Statement(_DIFFERING % condition.text, {**condition.parameters, **frame})
    return Statement(_TIMED_DIFFERING % (condition.text, at.text), {**condition.parameters, **at.parameters, **frame})
