"""Parts of rules, as JSON in the shape of CustomerPredicate, that people would write and can edit.

Source: docs/discovery.md, rules 4 and 5.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from graphcdp.insight.behaviour import Value
from graphcdp.model.predicates import TIMES_MAX

Rule: TypeAlias = dict[str, Any]

FRESH = timedelta(days=7)
"""Data whose latest event is older are looked at as they were at their end."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where windows reach back from. live: it is now, so that windows move with time; else the end of the data."""

    at: datetime
    live: bool = True

    def range(self, days: int, until: int = 0) -> Rule:
        """The last so many days, without the last `until` of them. Only a Moment that is not live has these."""
        if self.live:
            return {"within": f"P{days}D"}
        return {"since": self._ago(days)} | ({"until": self._ago(until)} if until else {})

    def _ago(self, days: int) -> str:
        return (self.at - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def moment_of(now: datetime, latest: datetime | None) -> Moment:
    """Where windows reach back from, when the latest event is so old; None: there is none."""
    if latest is None or latest > now - FRESH:
        return Moment(now)
    return Moment(latest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1), live=False)


def days_before(moment: Moment, then: datetime) -> int:
    """Whole days that have passed since; a time to come counts as none."""
    return max(0, (moment.at - then).days)


def did(name: str, least: int | None = None, most: int | None = None, during: Rule | None = None) -> Rule:
    """Did it so often; least and most are included, None for no bound, neither for at least once."""
    test: Rule = {"event": {"name": name}}
    times = {"atLeast": least, "atMost": None if most is None else min(most, TIMES_MAX)}
    if least == 1 and most is None:
        times = {}
    given = {key: value for key, value in times.items() if value is not None}
    if given:
        test["times"] = given
    if during is not None:
        test["during"] = during
    return {"did": test}


def did_within(name: str, moment: Moment, days: int) -> Rule:
    """Did it in the last so many days."""
    return did(name, 1, None, moment.range(days))


def spent(name: str, path: str, sign: str, amount: float) -> Rule:
    """The sum of a property of all its events is so; sign: gte or lt."""
    return {"aggregate": {"event": {"name": name}, "property": path, "measure": "SUM", "is": {sign: amount}}}


def trait(path: str, operator: str, operand: Value) -> Rule:
    """A trait is so."""
    return {"trait": {"path": path, "is": {operator: operand}}}


def negated(rule: Rule) -> Rule:
    """Everybody else."""
    return {"not": rule}


def all_of(rules: Sequence[Rule]) -> Rule:
    """Those who meet all; a list of one is that one."""
    return _joined("all", rules)


def any_of(rules: Sequence[Rule]) -> Rule:
    """Those who meet any; a list of one is that one."""
    return _joined("any", rules)


def _joined(word: str, rules: Sequence[Rule]) -> Rule:
    flat: list[Rule] = []
    for rule in rules:
        flat += rule.get(word, [rule])
    return flat[0] if len(flat) == 1 else {word: flat}


def nodes_in(rule: Mapping[str, Any]) -> int:
    """How many nodes the rule has."""
    return 1 + sum(nodes_in(one) for one in _inner(rule))


def histories_in(rule: Mapping[str, Any]) -> int:
    """How many of the nodes are about events."""
    own = int("did" in rule or "aggregate" in rule)
    return own + sum(histories_in(one) for one in _inner(rule))


def _inner(rule: Mapping[str, Any]) -> list[Rule]:
    return [*rule.get("all", ()), *rule.get("any", ()), *([rule["not"]] if "not" in rule else ())]


def readable(value: float) -> float:
    """A number with at most two digits that say anything, so that a person would write it."""
    if not value or not math.isfinite(value):
        return 0.0
    digits = 1 - math.floor(math.log10(abs(value)))
    found = round(value, digits)
    return int(found) if found == int(found) else found
