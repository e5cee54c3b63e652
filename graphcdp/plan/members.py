"""Conditions in their frames: who meets one, and who is and who should be in segments.

The frames are fixed text; what stands between them is a condition of where.py.
Parameters of the frames begin with `frame_`, those of conditions do not.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.statement import Statement
from graphcdp.plan.moments import NO_MOMENT, Moment

_MEETING = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id}) WHERE %s
RETURN c.id AS id"""

_COUNT = """MATCH (c:Customer) WHERE %s
RETURN count(c) AS total"""

# Each condition is in a subquery of its own, whose cheap parts are asked first: as an expression beside others all of
# it would be worked out for everybody. `when` spares looking for moments of those for whom there are none.
_SHOULD = "CALL (%s) { WITH %s WHERE %s RETURN count(*) > 0 AS should }"
_AT = "CALL (%s, should) { WITH %s, should WHERE %s RETURN head(collect(%s)) AS at }"
_EARLIER = "coalesce(at < kept, kept IS NULL AND at IS NOT NULL)"

_MOVES = """UNWIND $frame.asked AS asked
MATCH (c:Customer {id: asked.id})
WITH c, asked, COLLECT { MATCH (c)-[:IN_SEGMENT]->(s:Segment) RETURN s.id } AS present
UNWIND asked.places AS place
WITH c, present, $frame.rules[place] AS rule, place IN asked.grown AS has_grown
WHERE NOT (has_grown AND (rule.frame_segment IN present) IN rule.frame_steady)
%(should)s
WITH c.id AS id, rule.frame_segment AS segment, should, rule.frame_segment IN present AS is
WHERE should <> is
RETURN id, segment, should, true AS moves, false AS timed, null AS at"""

_TIMED_MOVES = f"""UNWIND $frame.asked AS asked
MATCH (c:Customer {{id: asked.id}})
WITH c, asked, COLLECT {{ MATCH (c)-[:IN_SEGMENT]->(s:Segment) RETURN s.id }} AS present,
     COLLECT {{ MATCH (c)-[due:DUE]->(s:Segment) RETURN [s.id, due.at] }} AS waiting
UNWIND asked.places AS place
WITH c, present, waiting, $frame.rules[place] AS rule, place IN asked.grown AS has_grown
WHERE NOT (has_grown AND (rule.frame_segment IN present) IN rule.frame_steady)
%(should)s
%(at)s
WITH c.id AS id, rule.frame_segment AS segment, should, rule.frame_segment IN present AS is, at,
     head([one IN waiting WHERE one[0] = rule.frame_segment | one[1]]) AS kept
WITH id, segment, should, should <> is AS moves, at,
     coalesce(kept <= $frame.now, false) OR {_EARLIER} AS timed
WHERE moves OR timed
RETURN id, segment, should, moves, timed, toString(at) AS at"""

_DIFFERING = f"""MATCH (c:Customer) WHERE c.id > $frame_after
WITH c ORDER BY c.id LIMIT $frame_limit
MATCH (s:Segment {{id: $frame_segment}})
%(should)s
%(at)s
WITH c.id AS id, should, EXISTS {{ (c)-[:IN_SEGMENT]->(s) }} AS is, at,
     head(COLLECT {{ MATCH (c)-[due:DUE]->(s) RETURN due.at }}) AS kept
RETURN max(id) AS last, collect(CASE WHEN should <> is OR {_EARLIER} THEN id END) AS ids"""

_LOCKED_PAGE = f"""MATCH (c:Customer) WHERE c.id > $frame_after
WITH c ORDER BY c.id LIMIT $frame_limit
REMOVE c.lock
WITH c
MATCH (s:Segment {{id: $frame_segment}})
%(should)s
%(at)s
WITH c.id AS id, should, EXISTS {{ (c)-[:IN_SEGMENT]->(s) }} AS is, at,
     head(COLLECT {{ MATCH (c)-[due:DUE]->(s) RETURN due.at }}) AS kept
WITH id, should, should <> is AS moves, at,
     coalesce(kept <= $frame_now, false) OR {_EARLIER} AS timed
RETURN max(id) AS last, collect(CASE WHEN moves OR timed THEN [id, should, moves, timed, toString(at)] END) AS found"""


def meeting(condition: Statement, customer_ids: Sequence[str]) -> Statement:
    """Which of these customers meet the condition: rows of `id`, in no order."""
    return Statement(_MEETING % condition.text, {**condition.parameters, "frame_ids": list(customer_ids)})


def count(condition: Statement) -> Statement:
    """How many customers meet the condition: one row, `total`."""
    return Statement(_COUNT % condition.text, condition.parameters)


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment, its rule as `where.condition_of_row` states it, and whom to ask about.

    at: the moment at which time alone may move a customer, as `moments.moment_of_row`
    states it; None when time moves nobody, and nobody may be due. grown: those of them of
    whom only more events came; made: what these can make of the condition, as
    `growth.made_by_events` says. Who is what the condition cannot cease to be is passed over.
    """

    segment_id: str
    condition: Statement
    customer_ids: Sequence[str]
    at: Moment | None = None
    grown: frozenset[str] = frozenset()
    made: frozenset[bool] = frozenset((True, False))


def moves(asked: Iterable[Asked], now: datetime) -> Iterator[Statement]:
    """Which of these customers are in these segments and should not be, or the reverse; and who is due at another time.

    Rows of `id`, `segment`, `should`, `moves`, `timed` and `at`, in no order; timed:
    `at`, a text or null for never, takes the place of the moment that is kept. It
    does when it is earlier, or when that one is over: a later one may wait, since
    whoever is looked at too early is only looked at again.

    One statement for all segments whose rules have one shape, so that there are
    few, however many segments: a statement for each would cost more than what it
    asks. A union of them all would take Neo4j seconds to plan.
    """
    by_shape: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        by_shape[_shape(one)].append(one)
    for shape, alike in by_shape.items():
        places: defaultdict[str, list[int]] = defaultdict(list)
        grown: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(alike):
            for customer in one.customer_ids:
                places[customer].append(place)
            for customer in one.grown:
                grown[customer].append(place)
        frame = {
            "rules": [
                {
                    **one.condition.parameters,
                    **({} if one.at is None else one.at.parameters),
                    "frame_segment": one.segment_id,
                    "frame_steady": [value for value in (True, False) if (not value) not in one.made],
                }
                for one in alike
            ],
            "asked": [
                {"id": customer, "places": found, "grown": grown.get(customer, [])}
                for customer, found in places.items()
            ],
            "now": now,
        }
        # In one map, since Neo4j plans anew for each size of a list that is a parameter by itself.
        yield Statement(shape, {"frame": frame})


def _shape(asked: Asked) -> str:
    clauses = _asked("c, rule", asked.condition, asked.at or NO_MOMENT)
    return (_MOVES if asked.at is None else _TIMED_MOVES) % clauses


def locked_page(
    condition: Statement, segment_id: str, *, after: str, limit: int, now: datetime, at: Moment
) -> Statement:
    """Lock a page of all customers, by id, and ask as `moves` does who of them is to be moved in one segment.

    after: as `differing`. One row: `last` of the page, null behind the end, and
    `found`, lists of what a row of `moves` has: id, should, moves, timed, at.
    """
    frame = {"frame_segment": segment_id, "frame_after": after, "frame_limit": limit, "frame_now": now}
    text = _LOCKED_PAGE % _asked("c", condition, at)
    return Statement(text, {**condition.parameters, **at.parameters, **frame})


def differing(condition: Statement, segment_id: str, *, after: str, limit: int, at: Moment | None = None) -> Statement:
    """A page of all customers, by id: who is in the segment and should not be, or the reverse, or is due earlier.

    after: the page starts behind this customer id, "" for the first page. at: as
    `moves`. One row: `ids` of those who differ, and `last` of the page, null behind the end.
    """
    at = at or NO_MOMENT
    frame = {"frame_segment": segment_id, "frame_after": after, "frame_limit": limit}
    text = _DIFFERING % _asked("c", condition, at)
    return Statement(text, {**condition.parameters, **at.parameters, **frame})


def _asked(variables: str, condition: Statement, at: Moment) -> dict[str, str]:
    """The clauses that bind `should` and `at`. variables: what both look at."""
    return {
        "should": _SHOULD % (variables, variables, condition.text),
        "at": _AT % (variables, variables, at.when, at.text),
    }
