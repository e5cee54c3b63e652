"""What a rule would select, beside the segments that there are. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.predicates import Predicate
from graphcdp.plan.segments import difference, overlaps
from graphcdp.plan.where import condition
from graphcdp.store.neo4j import Store


@dataclass(frozen=True, slots=True)
class Overlap:
    """both: how many of those whom a rule selects are in the segment. size: how many are in the segment."""

    segment_id: str
    both: int
    size: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How many would enter and leave a segment if a rule were its own."""

    entering: int
    leaving: int


async def rule_overlaps(store: Store, rule: Predicate, now: datetime, limit: int) -> Sequence[Overlap]:
    """The segments that have most in common with a rule, most first; those with nothing in common are left out."""
    rows = await store.read_generated(overlaps(condition(rule, now), limit=limit))
    return [Overlap(row["id"], row["both"], row["size"]) for row in rows]


async def rule_difference(store: Store, rule: Predicate, now: datetime, segment_id: str) -> Difference:
    """Who would enter and leave a segment. Everybody enters one that is not there."""
    (row,) = await store.read_generated(difference(condition(rule, now), segment_id))
    return Difference(row["entering"], row["leaving"])
