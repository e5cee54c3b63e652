"""Customers as vectors of one length, whatever the data: near ones behave alike.

Source: docs/discovery.md, rules 16 and 17.

Feature hashing with signs (Weinberger, Dasgupta, Langford, Smola, Attenberg:
Feature Hashing for Large Scale Multitask Learning, ICML 2009) of the customer's
facts, each weighted by how few have it: log(1 / share), the inverse document frequency (Spärck Jones 1972).
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from graphcdp.insight.facts import Fact

DIMENSIONS = 128
"""Of the vector index, cypher/migrations/0015_behaviour.cypher; others need another index."""


def weight(share: float) -> float:
    """How much a fact counts that this share of the customers has, in (0, 1)."""
    return -math.log(min(max(share, 1e-6), 1 - 1e-6))


def vector_of(facts: Iterable[Fact], share_by_fact: Mapping[Fact, float]) -> list[float] | None:
    """The vector, of length 1, of who has these facts; None when nothing is known that tells customers apart."""
    found = [0.0] * DIMENSIONS
    for fact in facts:
        code = fact.code
        # Another bit of the hash than those that choose the place.
        sign = 1.0 if code >> 16 & 1 else -1.0
        found[code % DIMENSIONS] += sign * weight(share_by_fact[fact])
    return unit(found)


def centroid(vectors: Sequence[Sequence[float]]) -> list[float] | None:
    """The mean of vectors, of length 1; None for none."""
    return unit([sum(parts) for parts in zip(*vectors, strict=True)]) if vectors else None


def unit(vector: Sequence[float]) -> list[float] | None:
    """The vector of length 1 in the same direction; None when it has none."""
    length = math.sqrt(sum(part * part for part in vector))
    return None if length < 1e-12 else [part / length for part in vector]


def similarity(score: float) -> float:
    """How alike, 0..1, from the score of a cosine index, (1 + cosine) / 2; those with nothing in common are 0."""
    return round(min(1.0, max(0.0, 2 * score - 1)), 4)


def reasons(shared: Iterable[Fact], share_by_fact: Mapping[Fact, float], first: int) -> list[tuple[Fact, float]]:
    """What two have in common, the rarest first, one for each thing that facts are about.

    Each with its part of all that is in common, 0..1.
    """
    weighed = sorted(((weight(share_by_fact[fact]), fact) for fact in shared), key=lambda one: (-one[0], one[1].text))
    total = sum(part for part, _ in weighed)
    told: dict[str, tuple[Fact, float]] = {}
    for part, fact in weighed:
        told.setdefault(fact.about, (fact, round(part / total, 4) if total else 0.0))
    return list(told.values())[:first]
