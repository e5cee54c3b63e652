"""Conditions in their frames: who meets one, and who is and who should be in segments.

The frames are fixed text; what stands between them is a condition of where.py.
Parameters of the frames begin with `frame_`, those of conditions do not.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from graphcdp.model.statement import Statement

_MEETING = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id}) WHERE %s
RETURN c.id AS id"""

_COUNT = """MATCH (c:Customer) WHERE %s
RETURN count(c) AS total"""

_MOVES = """UNWIND $frame.asked AS asked
MATCH (c:Customer {id: asked.id})
WITH c, asked, COLLECT { MATCH (c)-[:IN_SEGMENT]->(s:Segment) RETURN s.id } AS present
UNWIND asked.places AS place
WITH c, present, $frame.rules[place] AS rule
WITH c.id AS id, rule.frame_segment AS segment, (%s) AS should, rule.frame_segment IN present AS is
WHERE should <> is
RETURN id, segment, should"""

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


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment, its rule as `where.condition_of_row` states it, and whom to ask about."""

    segment_id: str
    condition: Statement
    customer_ids: Sequence[str]


def moves(asked: Iterable[Asked]) -> Iterator[Statement]:
    """Which of these customers are in these segments and should not be, or the reverse.

    Rows of `id`, `segment` and `should`, in no order. One statement for all
    segments whose rules have one shape, so that there are few, however many
    segments: a statement for each would cost more than what it asks. A union
    of them all would take Neo4j seconds to plan.
    """
    by_shape: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        by_shape[one.condition.text].append(one)
    for shape, alike in by_shape.items():
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(alike):
            for customer in one.customer_ids:
                places[customer].append(place)
        frame = {
            "rules": [{**one.condition.parameters, "frame_segment": one.segment_id} for one in alike],
            "asked": [{"id": customer, "places": found} for customer, found in places.items()],
        }
        # In one map, since Neo4j plans anew for each size of a list that is a parameter by itself.
        yield Statement(_MOVES % shape, {"frame": frame})


def differing(condition: Statement, segment_id: str, *, after: str, limit: int) -> Statement:
    """A page of all customers, by id: who is in the segment and should not be, or the reverse.

    after: the page starts behind this customer id, "" for the first page. One
    row: `ids` of those who differ, and `last` of the page, null behind the end.
    """
    return Statement(
        _DIFFERING % condition.text,
        {**condition.parameters, "frame_segment": segment_id, "frame_after": after, "frame_limit": limit},
    )
