"""Columns of numbers about all customers, each with the tests on it that a rule can state.

Source: docs/discovery.md, rules 2, 4 and 7.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphcdp.insight import rules
from graphcdp.insight.behaviour import Behaviour, Value
from graphcdp.insight.frequent import frequent, is_number
from graphcdp.insight.rules import Moment, Rule
from graphcdp.model.predicates import ANY_NAME, TIMES_MAX

Numbers: TypeAlias = NDArray[np.float64]
Test: TypeAlias = Callable[[float, bool], Rule | None]

NEVER = 2
"""Who never did it counts as having done it so many times as long ago as anybody did."""
WINDOW_D = 30
DAYS_MAX = 3650
"""Of the durations that rules take."""


@dataclass(frozen=True, slots=True)
class Column:
    """One number of each customer.

    name: in words. words: for those who have much of it, and for those who have
    little. test: the rule for at least (True) or less than (False) a threshold;
    None where no rule can say it. round: a threshold as people write it.
    behaves: it is a matter of what customers do, not of what they are. about: the
    trait's path or the event's name. skewed: a few have much more, so that logarithms are compared.
    """

    name: str
    words: tuple[str, str]
    values: Numbers
    test: Test | None
    round: Callable[[float], float]
    about: str
    behaves: bool = True
    skewed: bool = True

    @property
    def compared(self) -> Numbers:
        """As it is compared: log(1 + x) where it is skewed, then to mean 0 and standard deviation 1."""
        values = np.log1p(np.maximum(self.values, 0)) if self.skewed else self.values
        spread = values.std()
        return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


@dataclass(frozen=True, slots=True)
class Amount:
    """The property of an event that holds an amount of money, or of what else customers bring."""

    event: str
    path: str


def columns_of(
    behaviours: Sequence[Behaviour], names: Sequence[str], amount: Amount | None, moment: Moment
) -> list[Column]:
    """All columns of these customers that tell any two of them apart. names: of the events to count."""
    found = [
        *(column for name in names for column in _of_event(behaviours, name, moment)),
        *([] if amount is None else [_spent(behaviours, amount)]),
        _days_active(behaviours),
        _known_for(behaviours, moment),
        *_of_traits(behaviours),
        *_of_identifiers(behaviours),
    ]
    return [column for column in found if len(column.values) and np.ptp(column.values) > 0]


def chosen(columns: Iterable[Column], features: Sequence[str] | None) -> list[Column]:
    """The columns of these traits and events; None: those that tell what customers do."""
    if features is None:
        return [column for column in columns if column.behaves]
    return [column for column in columns if column.about in features]


def _of_event(behaviours: Sequence[Behaviour], name: str, moment: Moment) -> list[Column]:
    activity = [one.did(name) for one in behaviours]
    what = "anything" if name == ANY_NAME else name
    days = [None if one is None else rules.days_before(moment, one.last) for one in activity]
    longest = max((one for one in days if one is not None), default=0)

    def often(threshold: float, least: bool, during: Rule | None = None) -> Rule | None:
        bound = min(TIMES_MAX, max(1, math.ceil(threshold)))
        return rules.did(name, bound, None, during) if least else rules.did(name, None, bound - 1, during)

    def lately(threshold: float, least: bool) -> Rule | None:
        return often(threshold, least, moment.range(WINDOW_D))

    def long_ago(threshold: float, least: bool) -> Rule | None:
        # Days are whole, so that less than 5 of them are over when it was in the last 5.
        during = None if threshold > longest else moment.range(min(DAYS_MAX, max(1, math.ceil(threshold))))
        return rules.did(name, None, 0, during) if least else rules.did(name, 1, None, during)

    return [
        Column(
            f"times of {what}",
            (f"much {what}", f"little {what}"),
            _numbers(one.count if one else 0 for one in activity),
            often,
            _whole,
            name,
        ),
        Column(
            f"times of {what} in {WINDOW_D} days",
            (f"much {what} lately", f"little {what} lately"),
            _numbers(one.within(WINDOW_D) if one else 0 for one in activity),
            lately,
            _whole,
            name,
        ),
        Column(
            f"days since {what}",
            (f"no {what} lately", f"{what} lately"),
            _numbers(NEVER * longest + 1 if one is None else one for one in days),
            long_ago,
            _whole,
            name,
        ),
    ]


def _spent(behaviours: Sequence[Behaviour], amount: Amount) -> Column:
    activity = [one.did(amount.event) for one in behaviours]

    def test(threshold: float, least: bool) -> Rule | None:
        return rules.spent(amount.event, amount.path, "gte" if least else "lt", threshold)

    values = _numbers(one.amount if one else 0 for one in activity)
    words = (f"high {amount.path}", f"low {amount.path}")
    return Column(
        f"{amount.path} of {amount.event} in all",
        words,
        values,
        test,
        rules.readable,
        amount.event,
    )


def _days_active(behaviours: Sequence[Behaviour]) -> Column:
    return Column(
        "days active", ("often active", "seldom active"), _numbers(one.all_days for one in behaviours), None, _whole, ""
    )


def _known_for(behaviours: Sequence[Behaviour], moment: Moment) -> Column:
    def test(threshold: float, least: bool) -> Rule | None:
        lately: Rule = {"firstSeen": moment.range(min(DAYS_MAX, max(1, math.ceil(threshold))))}
        return rules.negated(lately) if least else lately

    values = _numbers(rules.days_before(moment, one.first_seen) for one in behaviours)
    return Column("days known", ("known for long", "new"), values, test, _whole, "", behaves=False)


def _of_traits(behaviours: Sequence[Behaviour]) -> list[Column]:
    found = []
    for path in sorted({path for one in behaviours for path in one.traits}):
        values = [one.traits.get(path) for one in behaviours]
        numbers = [value for value in values if is_number(value)]
        if len(numbers) >= len([value for value in values if value is not None]) / 2:
            found.append(_of_number(path, values, numbers))
        else:
            found += [_of_value(path, value, values) for value in frequent(values)]
    return found


def _of_number(path: str, values: Sequence[Value | None], numbers: Sequence[Any]) -> Column:
    def test(threshold: float, least: bool) -> Rule | None:
        return rules.trait(path, "gte" if least else "lt", threshold)

    typical = float(np.median(np.array(numbers, dtype=np.float64))) if numbers else 0.0
    filled = _numbers(value if is_number(value) else typical for value in values)
    words = (f"high {path}", f"low {path}")
    return Column(
        path, words, filled, test, rules.readable, path, behaves=False, skewed=bool(filled.min(initial=0) >= 0)
    )


def _of_value(path: str, wanted: Value, values: Sequence[Value | None]) -> Column:
    def test(threshold: float, least: bool) -> Rule | None:
        is_it = rules.trait(path, "eq", wanted)
        return is_it if least else rules.negated(is_it)

    same = _numbers(type(value) is type(wanted) and value == wanted for value in values)
    words = (f"{path} = {wanted}", f"not {path} = {wanted}")
    return Column(f"{path} = {wanted}", words, same, test, lambda threshold: 1.0, path, behaves=False, skewed=False)


def _of_identifiers(behaviours: Sequence[Behaviour]) -> list[Column]:
    found = []
    for kind in sorted({kind for one in behaviours for kind in one.identifiers}):

        def test(threshold: float, least: bool, kind: str = kind) -> Rule | None:
            has: Rule = {"hasIdentifier": kind}
            return has if least else rules.negated(has)

        has = _numbers(one.identifiers.get(kind, 0) > 0 for one in behaviours)
        words = (f"with {kind}", f"without {kind}")
        found.append(
            Column(
                f"has {kind}",
                words,
                has,
                test,
                lambda threshold: 1.0,
                f"identifier {kind}",
                behaves=False,
                skewed=False,
            )
        )
    return found


def _numbers(values: Iterable[Any]) -> Numbers:
    return np.fromiter((float(value) for value in values), dtype=np.float64)


def _whole(threshold: float) -> float:
    return float(math.ceil(threshold))
