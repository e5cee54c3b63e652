"""What one customer did and is, as numbers: what everything else here is made of. Source: docs/discovery.md, rule 2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from graphcdp.model.predicates import ANY_NAME

Value: TypeAlias = str | int | float | bool

WINDOWS_D = (7, 14, 30, 60, 90, 180)
"""How far back events are counted, in days: each window and the one before it (7, 30 and 90)."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A customer's events of one name.

    days: on how many different days, UTC. recent: how many in each of
    WINDOWS_D. amount: sum of the property that holds an amount; 0 without one.
    """

    count: int
    days: int
    first: datetime
    last: datetime
    recent: tuple[int, ...] = (0,) * len(WINDOWS_D)
    amount: float = 0.0

    def within(self, days: int) -> int:
        """How many in the last so many days; days: one of WINDOWS_D."""
        return self.recent[WINDOWS_D.index(days)]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A customer.

    activity: by name of event. all_days: days with any event. traits: those that are looked at, by dotted
    path. identifiers: how many of each kind. sources: where events came from.
    """

    id: str
    first_seen: datetime
    last_seen: datetime
    activity: Mapping[str, Activity] = field(default_factory=dict)
    all_days: int = 0
    traits: Mapping[str, Value] = field(default_factory=dict)
    identifiers: Mapping[str, int] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()

    def did(self, name: str) -> Activity | None:
        """The events of a name, ANY_NAME for all; None when there are none."""
        if name != ANY_NAME:
            return self.activity.get(name)
        found = list(self.activity.values())
        if not found:
            return None
        return Activity(
            sum(one.count for one in found),
            self.all_days,
            min(one.first for one in found),
            max(one.last for one in found),
            tuple(map(sum, zip(*(one.recent for one in found), strict=True))),
            sum(one.amount for one in found),
        )
