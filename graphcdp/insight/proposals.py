"""Groups that were found, and which of them are proposed. Source: docs/discovery.md, rules 10 to 12."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphcdp.insight.columns import Column
from graphcdp.insight.facts import Distinction
from graphcdp.insight.rules import Rule

PRECISION_MIN = 0.7
RECALL_MIN = 0.6
OVERLAP_MAX = 0.8
"""Jaccard index above which two groups are the same to a person."""
TELLING_MAX = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the customers that were looked at.

    rule: selects about these. members: whether each is one. origin: how it was
    found: rfm, cluster or movement. stability: 0..1, how well it was found again among other customers.
    """

    name: str
    rule: Rule
    members: np.ndarray
    origin: str
    stability: float = 1.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A segment that could be made.

    size: how many meet the rule now, of all. share: of the customers that were looked at. quality,
    precision and recall: 0..1.
    """

    name: str
    rule: dict[str, Any]
    rule_text: str
    size: int
    share: float
    quality: float
    precision: float
    recall: float
    origin: str
    distinctions: tuple[Distinction, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Measured:
    """A group with what its rule selects, and how well that agrees."""

    group: Group
    selected: np.ndarray
    precision: float
    recall: float
    quality: float = 0.0

    @property
    def share(self) -> float:
        """Of all that were looked at, those whom the rule selects."""
        return float(self.selected.mean()) if len(self.selected) else 0.0

    @property
    def faithful(self) -> bool:
        """Whether the rule says well enough who is in the group."""
        return self.precision >= PRECISION_MIN and self.recall >= RECALL_MIN


def measured(group: Group, selected: np.ndarray) -> Measured:
    """The group with the precision and recall of a rule that selects these."""
    both = int((group.members & selected).sum())
    return Measured(
        group,
        selected,
        precision=both / int(selected.sum()) if selected.any() else 0.0,
        recall=both / int(group.members.sum()) if group.members.any() else 0.0,
    )


def rated(found: Measured, columns: Sequence[Column]) -> Measured:
    """The same with its quality: how far apart its members are, times how well they are found again and described.

    Apart: the mean of the three greatest Kolmogorov-Smirnov distances between members and all others over what they
    do. Described: the harmonic mean of precision and recall.
    """
    inside = found.selected
    if not inside.any() or inside.all():
        return replace(found, quality=0.0)
    distances = sorted((_distance(one.values, inside) for one in columns if one.behaves), reverse=True)
    apart = float(np.mean(distances[:TELLING_MAX])) if distances else 0.0
    total = found.precision + found.recall
    described = 2 * found.precision * found.recall / total if total else 0.0
    return replace(found, quality=round(apart * described * found.group.stability, 3))


def proposed(found: Iterable[Measured], count: int, minimum_share: float) -> list[Measured]:
    """The best that differ: faithful rules only, not too small, none nearly equal to a better one."""
    ordered = sorted(
        (one for one in found if one.faithful and one.share >= minimum_share and not one.selected.all()),
        key=lambda one: (-one.quality, one.group.name),
    )
    kept: list[Measured] = []
    for one in ordered:
        if len(kept) < count and all(_overlap(one.selected, other.selected) <= OVERLAP_MAX for other in kept):
            kept.append(one)
    return kept


def _distance(values: np.ndarray, inside: np.ndarray) -> float:
    """Two-sample Kolmogorov-Smirnov distance of a column between those inside and the others, 0..1."""
    ones, others = np.sort(values[inside]), np.sort(values[~inside])
    every = np.concatenate([ones, others])
    shares = np.searchsorted(ones, every, side="right") / len(ones)
    other_shares = np.searchsorted(others, every, side="right") / len(others)
    return float(np.abs(shares - other_shares).max())


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))
