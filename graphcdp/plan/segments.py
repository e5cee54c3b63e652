"""Clauses about segments: their versions, their sizes over time, and what a rule has in common with them."""

from functools import cache

from graphcdp.model.statement import Statement
from graphcdp.plan.lists import lines

VERSION_KEY = "[v.number]"
VERSIONS_TOTAL = """WITH COUNT { MATCH (v:SegmentVersion) WHERE v.segment = s.id AND v.number > 0 } AS value,
     'EXACT' AS precision"""
VERSION_BEFORE = "MATCH (v:SegmentVersion {segment: one[0], number: one[1] - 1})"
"""The version before the one whose segment and number are `one`."""

_OVERLAPS = """MATCH (c:Customer) WHERE %s
MATCH (c)-[:IN_SEGMENT]->(s:Segment)
WHERE s.status <> 'ARCHIVED'
WITH s, count(*) AS both
WITH s.id AS id, both, COUNT { (s)<-[:IN_SEGMENT]-() } AS size
RETURN id, both, size
ORDER BY both DESC, size DESC, id LIMIT $frame_limit"""

_DIFFERENCE = """MATCH (c:Customer) WHERE %s
WITH count(c) AS selected,
     count(CASE WHEN EXISTS { (c)-[:IN_SEGMENT]->(:Segment {id: $frame_segment}) } THEN 1 END) AS both
OPTIONAL MATCH (s:Segment {id: $frame_segment})
RETURN selected - both AS entering, COUNT { (s)<-[:IN_SEGMENT]-() } - both AS leaving"""


@cache
def versions(*, after: bool, before: bool, backward: bool) -> str:
    """Versions of `s`, newest first: binds v; $after, $before, numbers."""
    direction = "" if backward else " DESC"
    return lines(
        "MATCH (v:SegmentVersion)",
        # Two bounds always, so that the index is walked in order.
        f"WHERE v.segment = s.id AND v.number > {'$before' if before else '0'}"
        + (" AND v.number < $after" if after else ""),
        f"WITH v ORDER BY v.segment{direction}, v.number{direction} LIMIT $limit",
    )


@cache
def sizes(*, hourly: bool) -> str:
    """Sizes of `s` over time, oldest first: binds at, size; $since, $until, moments as text."""
    return lines(
        "MATCH (d:SegmentDay)",
        "WHERE d.segment = s.id AND d.day >= left($since, 10) AND d.day <= left($until, 10)",
        "WITH d ORDER BY d.segment, d.day",
        "WITH d.day AS day, [hour IN range(0, 23) WHERE d.sizes[hour] >= 0 | [hour, d.sizes[hour]]] AS found"
        if hourly
        else "WITH d.day AS day, [[0, [size IN d.sizes WHERE size >= 0][-1]]] AS found",
        "UNWIND found AS one",
        "WITH day + 'T' + right('0' + one[0], 2) + ':00:00Z' AS at, one[1] AS size",
        "WITH at, size ORDER BY at",
        "WHERE at >= $since AND at < $until",
    )


def overlaps(condition: Statement, *, limit: int) -> Statement:
    """The segments that have most in common with those who meet the condition.

    Rows of `id`, `both`, how many are in both, and `size` of the segment; most first,
    of equal ones the larger segment, then by id.
    """
    return Statement(_OVERLAPS % condition.text, {**condition.parameters, "frame_limit": limit})


def difference(condition: Statement, segment_id: str) -> Statement:
    """How many would enter and leave the segment if the condition were its rule: one row, `entering`, `leaving`."""
    return Statement(_DIFFERENCE % condition.text, {**condition.parameters, "frame_segment": segment_id})
