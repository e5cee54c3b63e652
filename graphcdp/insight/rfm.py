"""Recency, frequency and monetary value in fifths, and the ten groups that have names.

Source: docs/discovery.md, rule 6.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graphcdp.insight import rules
from graphcdp.insight.behaviour import Behaviour
from graphcdp.insight.columns import Amount, Numbers
from graphcdp.insight.proposals import Group
from graphcdp.insight.rules import Moment, Rule

BEST = 5


@dataclass(frozen=True, slots=True)
class Named:
    """A group: the recency and frequency scores that are in it, bounds included."""

    name: str
    recency: tuple[int, int]
    frequency: tuple[int, int]


GROUPS = (
    Named("Champions", (5, 5), (4, 5)),
    Named("Loyal", (3, 4), (4, 5)),
    Named("Potential loyalists", (4, 5), (2, 3)),
    Named("New customers", (5, 5), (1, 1)),
    Named("Promising", (4, 4), (1, 1)),
    Named("Need attention", (3, 3), (3, 3)),
    Named("About to sleep", (3, 3), (1, 2)),
    Named("Cannot lose them", (1, 2), (5, 5)),
    Named("At risk", (1, 2), (3, 4)),
    Named("Hibernating", (1, 2), (1, 2)),
)
"""Each pair of scores is in exactly one."""


def fifths(values: Numbers) -> Numbers:
    """Scores 1 to 5: 1 + how many fifths of all have a smaller value. Equal values have equal scores."""
    ordered = np.sort(values)
    smaller = np.searchsorted(ordered, values, side="left") / max(1, len(values))
    found: Numbers = np.minimum(BEST, 1 + np.floor(BEST * smaller + 1e-9))
    return found


def group_of(recency: int, frequency: int) -> str:
    """The name of the group that has these scores, each 1 to 5."""
    return next(one.name for one in GROUPS if _inside(recency, one.recency) and _inside(frequency, one.frequency))


def rfm_groups(behaviours: Sequence[Behaviour], name: str, amount: Amount | None, moment: Moment) -> list[Group]:
    """The named groups, and who spends most, with rules that state their bounds. name: of the events that count."""
    places = [place for place, one in enumerate(behaviours) if one.did(name) is not None]
    activity = [found for one in behaviours if (found := one.did(name)) is not None]
    if not activity:
        return []
    days = np.array([rules.days_before(moment, one.last) for one in activity], dtype=np.float64)
    counts = np.array([one.count for one in activity], dtype=np.float64)
    recency, frequency = fifths(-days), fifths(counts)
    groups: list[Group] = []
    for group in GROUPS:
        inside = _between(recency, group.recency) & _between(frequency, group.frequency)
        if inside.any():
            rule = rules.all_of(
                [*_recent(name, days, recency, group, moment), *_often(name, counts, frequency, group)]
                or [rules.did(name, 1)]
            )
            groups.append(_group(group.name, rule, len(behaviours), places, inside, "rfm"))
    if amount is not None and amount.event == name:
        sums = np.array([one.amount for one in activity])
        groups += _spenders(amount, sums, len(behaviours), places)
    return groups


def _spenders(amount: Amount, sums: Numbers, total: int, places: Sequence[int]) -> list[Group]:
    scores = fifths(sums)
    if scores.max() < BEST:
        return []
    least = rules.readable(float(sums[scores == BEST].min()))
    rule = rules.spent(amount.event, amount.path, "gte", least)
    return [_group("Big spenders", rule, total, places, scores == BEST, "rfm")]


def _group(name: str, rule: Rule, total: int, places: Sequence[int], inside: np.ndarray, origin: str) -> Group:
    members = np.zeros(total, dtype=bool)
    members[np.array(places)[inside]] = True
    return Group(name, rule, members, origin)


def _recent(name: str, days: Numbers, scores: Numbers, group: Named, moment: Moment) -> Iterable[Rule]:
    """That the last event lies in the days of these scores; nothing where any day will do."""
    low, high = group.recency
    if low > 1 and (scores >= low).any():
        yield rules.did_within(name, moment, math.floor(days[scores >= low].max()) + 1)
    if high < BEST and (scores > high).any():
        yield rules.did(name, None, 0, moment.range(math.floor(days[scores > high].max()) + 1))


def _often(name: str, counts: Numbers, scores: Numbers, group: Named) -> Iterable[Rule]:
    low, high = group.frequency
    least = int(counts[scores >= low].min())
    most = int(counts[scores <= high].max()) if (scores > high).any() else None
    if least > 1 or most is not None or group.recency[0] == 1:
        yield rules.did(name, least, most)


def _between(scores: Numbers, bounds: tuple[int, int]) -> np.ndarray:
    found: np.ndarray = (scores >= bounds[0]) & (scores <= bounds[1])
    return found


def _inside(score: int, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= score <= bounds[1]
