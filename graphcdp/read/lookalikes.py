"""Who behaves alike, and what sets segments apart. Source: docs/discovery.md, rules 13 to 20.

Everything is told from what the last discovery or renewal kept of each customer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from graphcdp.insight.facts import Distinction, Fact, distinctions
from graphcdp.insight.vectors import centroid, reasons, similarity
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.lists import count_customers
from graphcdp.read.rows import many_each, one_each
from graphcdp.store.neo4j import Store

NEAREST_MAX = 5000
"""Whom the index is asked for at most; of a large segment most of these may be members."""
NEAREST_MORE = 10
MEMBERS_MAX = 500
"""Members whose mean vector stands for a segment."""
COUNTED_MAX = 10_000
"""Members whose facts are counted."""
TYPICAL = 0.5
REASONS = 5


@dataclass(frozen=True, slots=True)
class Common:
    """Something that two have in common. weight: its part of all of it, 0..1. of_person: it tells a trait."""

    text: str
    weight: float
    of_person: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """A customer who behaves alike. similarity: 0..1. reasons: strongest first."""

    customer_id: str
    similarity: float
    reasons: tuple[Common, ...]


async def customer_lookalikes(store: Store, ids: Sequence[str], first: int) -> list[tuple[Alike, ...]]:
    """For each customer those who behave most alike, most alike first. Errors as `_model`."""
    shares = await _model(store)
    known = {row["id"]: row for row in await store.read("insight/of_customers", ids=list(ids))}
    asked = [_near(one, known[one]["vector"], first + 1 + NEAREST_MORE, without=one) for one in ids if one in known]
    facts_by_key = {one: _facts(row["facts"], shares) for one, row in known.items()}
    return await _nearest(store, ids, asked, facts_by_key, shares, first)


async def segment_lookalikes(store: Store, ids: Sequence[str], first: int) -> list[tuple[Alike, ...]]:
    """For each segment those who are not in it and behave most like its members. Errors as `_model`."""
    shares = await _model(store)
    rows = await store.read("insight/of_members", ids=list(ids), limit=MEMBERS_MAX)
    members = dict(zip(ids, many_each(ids, rows, "segment"), strict=True))
    sizes = await store.read("segment/sizes", ids=list(ids))
    size_by_id = {row["id"]: row["total"] for row in sizes}
    asked, facts_by_key = [], {}
    for one, of_one in members.items():
        middle = centroid([row["vector"] for row in of_one])
        if middle is not None:
            nearest = min(NEAREST_MAX, first + size_by_id.get(one, 0) + NEAREST_MORE)
            asked.append(_near(one, middle, nearest, segment=one))
            counts = Counter(fact for row in of_one for fact in _facts(row["facts"], shares))
            facts_by_key[one] = {fact for fact, count in counts.items() if count >= TYPICAL * len(of_one)}
    return await _nearest(store, ids, asked, facts_by_key, shares, first)


async def segment_distinctions(store: Store, ids: Sequence[str], first: int) -> list[tuple[Distinction, ...]]:
    """For each segment what sets its members apart from everyone else, strongest first. Errors as `_model`."""
    shares = await _model(store)
    total = await count_customers(store, None, None)
    rows = await store.read("insight/facts_of_members", ids=list(ids), limit=COUNTED_MAX)
    fact_by_code = {fact.code: fact for fact in shares}

    def told(row: Mapping[str, Any]) -> tuple[Distinction, ...]:
        members = {fact_by_code[code]: count / row["members"] for code, count in row["facts"] if code in fact_by_code}
        return distinctions(members, shares, row["size"], total, first)

    return [found or () for found in one_each(ids, rows, "segment", told)]


async def _model(store: Store) -> dict[Fact, float]:
    """The facts of customers with the share who have each. Raises InvalidReferenceError when they are not known yet."""
    rows = await store.read("insight/model")
    if not rows:
        raise InvalidReferenceError("How customers behave was not worked out yet: call `discoverSegments` once.")
    return {Fact(*parts): share for parts, share in orjson.loads(rows[0]["facts"])["facts"]}


async def _nearest(
    store: Store,
    keys: Sequence[str],
    asked: Sequence[Mapping[str, Any]],
    facts_by_key: Mapping[str, set[Fact]],
    shares: Mapping[Fact, float],
    first: int,
) -> list[tuple[Alike, ...]]:
    rows = await store.read("insight/nearest", rows=list(asked), limit=first) if asked else []
    return [
        tuple(
            Alike(
                row["id"],
                similarity(row["score"]),
                tuple(
                    Common(fact.text, weight, fact.of_person)
                    for fact, weight in reasons(_facts(row["facts"], shares) & facts_by_key[key], shares, REASONS)
                ),
            )
            for row in of_one
            if similarity(row["score"]) > 0
        )
        for key, of_one in zip(keys, many_each(keys, rows, "key"), strict=True)
    ]


def _near(
    key: str, vector: Sequence[float], nearest: int, *, segment: str | None = None, without: str | None = None
) -> dict[str, Any]:
    return {"key": key, "vector": list(vector), "nearest": nearest, "segment": segment, "without": without}


def _facts(codes: Iterable[int], shares: Mapping[Fact, float]) -> set[Fact]:
    """The facts with these codes; those that are told no more are left out."""
    wanted = set(codes)
    return {fact for fact in shares if fact.code in wanted}
