"""Who does more than before, and who does less. Source: docs/discovery.md, rule 9."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphcdp.insight import rules
from graphcdp.insight.behaviour import Behaviour
from graphcdp.insight.proposals import Group
from graphcdp.insight.rules import Moment, Rule
from graphcdp.model.predicates import ANY_NAME

WINDOWS_D = (7, 30, 90)
TIMES_MIN = 3
"""So often at least in the greater of the two windows: less may be chance."""
TYPICAL_MIN = 4
BANDS_MAX = 2
"""Parts of a rule: each counts twice, and the database takes longer to plan each count than the last."""


@dataclass(frozen=True, slots=True)
class Moving:
    """How often each did something in the last so many days, and in as many before these."""

    name: str
    days: int
    recent: np.ndarray
    before: np.ndarray

    @property
    def rising(self) -> np.ndarray:
        """Who did it at least twice as often as before."""
        found: np.ndarray = (self.recent >= TIMES_MIN) & (self.recent >= 2 * self.before)
        return found

    @property
    def lapsing(self) -> np.ndarray:
        """Who did it at most half as often as before."""
        found: np.ndarray = (self.before >= TIMES_MIN) & (self.before >= 2 * self.recent)
        return found


def moving_groups(behaviours: Sequence[Behaviour], name: str, moment: Moment) -> list[Group]:
    """Those who did it at least twice as often in the last window as in the one before it, and the reverse."""
    days = window_of(behaviours, name)
    moving = Moving(name, days, *counts_in(behaviours, name, days))
    what = "activity" if name == ANY_NAME else name
    found = [
        (f"Rising: more {what} in {days} days than before", _rising(moving, moment), moving.rising),
        (f"Lapsing: less {what} in {days} days than before", _lapsing(moving, moment), moving.lapsing),
    ]
    return [Group(text, rule, members, "movement") for text, rule, members in found if rule is not None]


def window_of(behaviours: Sequence[Behaviour], name: str) -> int:
    """The shortest window in which customers do enough to compare.

    That is, half of those who did anything in two such windows did it at least four times; else the longest.
    """
    for days in WINDOWS_D:
        counts = [one.within(2 * days) for each in behaviours if (one := each.did(name)) is not None]
        active = [count for count in counts if count]
        if active and float(np.median(active)) >= TYPICAL_MIN:
            return days
    return WINDOWS_D[-1]


def counts_in(behaviours: Sequence[Behaviour], name: str, days: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each did it in the last so many days, and in as many before these."""
    activity = [one.did(name) for one in behaviours]
    recent = np.array([one.within(days) if one else 0 for one in activity])
    both = np.array([one.within(2 * days) if one else 0 for one in activity])
    return recent, both - recent


def _bands(wanted: np.ndarray, covered: Mapping[int, np.ndarray]) -> list[int]:
    """The bands, at most BANDS_MAX, that together cover most of those wanted. covered: whom each band selects."""
    chosen: list[int] = []
    left = wanted.copy()
    while len(chosen) < BANDS_MAX and left.any():
        gains = {bound: int((left & who).sum()) for bound, who in covered.items() if bound not in chosen}
        best = max(gains, key=lambda bound: (gains[bound], -bound), default=None)
        if best is None or not gains[best]:
            break
        chosen.append(best)
        left &= ~covered[best]
    return sorted(chosen)


def _rising(moving: Moving, moment: Moment) -> Rule | None:
    """At least so often in the last window, and at most half as often in the one before.

    Where windows move with time, a rule cannot leave out the last window, so it counts both.
    """
    name, days, recent, before = moving.name, moving.days, moving.recent, moving.before
    bounds = range(TIMES_MIN, int(recent.max(initial=0)) + 1)

    def most(least: int) -> int:
        return least + least // 2 if moment.live else least // 2

    counted = recent + before if moment.live else before
    covered = {least: (recent >= least) & (counted <= most(least)) for least in bounds}
    bands = [
        rules.all_of(
            [rules.did(name, least, None, moment.range(days)), rules.did(name, None, most(least), _wide(days, moment))]
        )
        for least in _bands(moving.rising, covered)
    ]
    return rules.any_of(bands) if bands else None


def _lapsing(moving: Moving, moment: Moment) -> Rule | None:
    """At most so often in the last window, and at least twice as often in the one before; counted as in `_rising`."""
    name, days, recent, before = moving.name, moving.days, moving.recent, moving.before

    def least(most: int) -> int:
        return max(TIMES_MIN, 2 * most) + (most if moment.live else 0)

    counted = recent + before if moment.live else before
    covered = {most: (recent <= most) & (counted >= least(most)) for most in range(int(before.max(initial=0)) // 2 + 1)}
    bands = [
        rules.all_of(
            [rules.did(name, None, most, moment.range(days)), rules.did(name, least(most), None, _wide(days, moment))]
        )
        for most in _bands(moving.lapsing, covered)
    ]
    return rules.any_of(bands) if bands else None


def _wide(days: int, moment: Moment) -> Rule:
    return moment.range(2 * days) if moment.live else moment.range(2 * days, until=days)
