"""Conditions in their frames: who meets one, and who is and who should be in segments.

The frames are fixed text; what stands between them is a condition of where.py.
Parameters of the frames begin with `frame_`, those of conditions do not.
"""

from collections.abc import Mapping, Sequence

from graphcdp.model.statement import Statement

_MEETING = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id}) WHERE %s
RETURN c.id AS id"""

_COUNT = """MATCH (c:Customer) WHERE %s
RETURN count(c) AS total"""

_STANDING = """UNWIND $frame_ids AS id
MATCH (c:Customer {id: id})
CALL (c) {
  CALL (c) {
    %s
  }
  RETURN collect(segment) AS should
}
RETURN c.id AS id, should,
       [(c)-[:IN_SEGMENT]->(s:Segment) WHERE s.id IN $frame_segments | s.id] AS is"""

_BRANCH = "MATCH (c) WHERE %s RETURN $%s AS segment"

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


def standing(condition_by_segment: Mapping[str, Statement], customer_ids: Sequence[str]) -> Statement:
    """Which of the segments these customers are in, and which they should be in.

    condition_by_segment: segment id -> condition, with parameters of different
    names. Rows: `id`, `should` and `is`, lists of segment ids; one row for each
    live customer.
    """
    parameters: dict[str, object] = {
        "frame_ids": list(customer_ids),
        "frame_segments": list(condition_by_segment),
    }
    branches = []
    for place, (segment_id, condition) in enumerate(condition_by_segment.items()):
        parameters |= {**condition.parameters, f"frame_segment_{place}": segment_id}
        branches.append(_BRANCH % (condition.text, f"frame_segment_{place}"))
    return Statement(_STANDING % "\n    UNION ALL\n    ".join(branches), parameters)


def differing(condition: Statement, segment_id: str, *, after: str, limit: int) -> Statement:
    """A page of all customers, by id: who is in the segment and should not be, or the reverse.

    after: the page starts behind this customer id, "" for the first page. One
    row: `ids` of those who differ, and `last` of the page, null behind the end.
    """
    return Statement(
        _DIFFERING % condition.text,
        {**condition.parameters, "frame_segment": segment_id, "frame_after": after, "frame_limit": limit},
    )
