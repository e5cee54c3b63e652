"""Facts: what is either true of a customer or not, in words. Source: docs/discovery.md, rules 13 to 15.

They are what sets groups apart, what customers are alike in, and what their vectors are made of.
"""

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphcdp.insight import rules
from graphcdp.insight.behaviour import Behaviour, Value
from graphcdp.insight.frequent import frequent, is_number
from graphcdp.insight.rules import Moment

DAYS = (7, 30, 90)
KNOWN_DAYS = (30, 90, 365)
STEPS = tuple(digit * 10**power for power in range(6) for digit in (1, 2, 3, 5))
"""How often, and how much, is told in these steps: who did more has more facts in common with who did as much."""
QUANTILES = (0.25, 0.5, 0.75, 0.9)
IDENTIFIERS_MANY = 2
HOLDERS_MIN = 5
"""A fact that fewer have, or that fewer lack, of those looked at says nothing of a group, and might say who it is."""
EVIDENCE_MIN = 3.0
"""Standard errors between two shares below which their difference may be chance."""
LIFT_MIN = 1.2


@dataclass(frozen=True, slots=True)
class Fact:
    """A yes or no.

    kind: did, lately, spent, known, is, least, has, source. name: of the event, the trait, the kind of identifier
    or the source. value: the threshold or the trait's value. path: the property that holds the amount.
    """

    kind: str
    name: str
    value: Value = True
    path: str = ""

    @property
    def code(self) -> int:
        """Tells it from others, always the same: 32 bits of a hash."""
        return zlib.crc32("\x1f".join(map(repr, self.parts)).encode())

    @property
    def parts(self) -> list[Any]:
        """As JSON; `Fact(*parts)` is the same fact."""
        return [self.kind, self.name, self.value, self.path]

    @property
    def about(self) -> str:
        """What it is about: of the facts about one thing the strongest is told."""
        return f"{'did' if self.kind == 'lately' else self.kind} {self.name}" if self.kind != "least" else self.name

    @property
    def of_person(self) -> bool:
        """Whether it tells a trait, which not all may see."""
        return self.kind in ("is", "least")

    @property
    def text(self) -> str:
        """In plain words."""
        match self.kind:
            case "did":
                return f"did {self.name}" + ("" if self.value == 1 else f" at least {self.value} times")
            case "lately":
                return f"did {self.name} in the last {self.value} days"
            case "spent":
                return f"{self.path} of all {self.name} at least {self.value:,}"
            case "known":
                return f"first seen in the last {self.value} days"
            case "is":
                shown = str(self.value).lower() if isinstance(self.value, bool) else self.value
                return f"{self.name} = {shown}"
            case "least":
                return f"{self.name} at least {self.value:,}"
            case "has":
                return f"has identifier {self.name}" + ("" if self.value == 1 else f", {self.value} or more")
        return f"came from {self.name}"

    def holds(self, one: Behaviour, moment: Moment) -> bool:
        """Whether it is true of the customer."""
        match self.kind:
            case "did":
                return (found := one.did(self.name)) is not None and found.count >= int(self.value)
            case "lately":
                found = one.did(self.name)
                return found is not None and rules.days_before(moment, found.last) < int(self.value)
            case "spent":
                return (found := one.did(self.name)) is not None and found.amount >= float(self.value)
            case "known":
                return rules.days_before(moment, one.first_seen) < int(self.value)
            case "is":
                value = one.traits.get(self.name)
                return type(value) is type(self.value) and value == self.value
            case "least":
                value = one.traits.get(self.name)
                return is_number(value) and float(value or 0) >= float(self.value)
            case "has":
                return one.identifiers.get(self.name, 0) >= int(self.value)
        return self.name in one.sources


@dataclass(frozen=True, slots=True)
class Distinction:
    """Something that members have more, or less, often than others.

    lift: how many times as often as among everyone else. share: of the members, 0..1.
    """

    text: str
    lift: float
    share: float


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of some data, with the share of the customers of whom each is true. moment: when."""

    share_by_fact: Mapping[Fact, float]
    moment: Moment

    def true_of(self, one: Behaviour) -> list[Fact]:
        """The facts that are true of a customer."""
        return [fact for fact in self.share_by_fact if fact.holds(one, self.moment)]


def facts_of(
    behaviours: Sequence[Behaviour], names: Sequence[str], amount: tuple[str, str] | None, moment: Moment
) -> Facts:
    """The facts that some of these customers have and others have not.

    names: of events. amount: the event and its property that hold one.
    """
    candidates = [
        *(fact for name in names for fact in _of_event(behaviours, name)),
        *([] if amount is None else _of_amount(behaviours, *amount)),
        *(Fact("known", "", days) for days in KNOWN_DAYS),
        *(fact for path in _each(one.traits for one in behaviours) for fact in _of_trait(behaviours, path)),
        *(
            Fact("has", kind, least)
            for kind in _each(one.identifiers for one in behaviours)
            for least in (1, IDENTIFIERS_MANY)
        ),
        *(Fact("source", source) for source in _each(one.sources for one in behaviours)),
    ]
    total = len(behaviours)
    share_by_fact = {}
    for fact in dict.fromkeys(candidates):
        holders = sum(fact.holds(one, moment) for one in behaviours)
        if HOLDERS_MIN <= holders <= total - HOLDERS_MIN:
            share_by_fact[fact] = holders / total
    return Facts(share_by_fact, moment)


def distinctions(
    members: Mapping[Fact, float], everyone: Mapping[Fact, float], size: int, total: int, first: int
) -> tuple[Distinction, ...]:
    """What sets a group apart from everyone else, the surest first, one for each thing that facts are about.

    members, everyone: the share of whom each fact is true. size, total: how many
    there are of each; everyone includes the members.
    """
    others = total - size
    if size <= 0 or others <= 0:
        return ()
    found: list[tuple[float, Fact, Distinction]] = []
    for fact, share_of_all in everyone.items():
        share = members.get(fact, 0.0)
        # Members and all may have been counted at different times.
        other = min(1.0, max(0.0, (share_of_all * total - share * size) / others))
        error = math.sqrt(max(share_of_all * (1 - share_of_all), 1e-9) * (1 / size + 1 / others))
        # Half a customer is added, so that what no other has does not divide by zero.
        lift = share / ((other * others + 0.5) / (others + 1)) if share else 0.0
        if abs(share - other) / error >= EVIDENCE_MIN and (lift >= LIFT_MIN or lift <= 1 / LIFT_MIN):
            found.append((abs(share - other), fact, Distinction(fact.text, round(lift, 2), round(share, 4))))
    found.sort(key=lambda one: (-one[0], one[2].lift < 1, one[1].text))
    told: dict[str, Distinction] = {}
    for _, fact, distinction in found:
        told.setdefault(fact.about, distinction)
    return tuple(told.values())[:first]


def shares(behaviours: Sequence[Behaviour], facts: Facts) -> dict[Fact, float]:
    """The share of these customers of whom each fact is true."""
    counts = Counter(fact for one in behaviours for fact in facts.true_of(one))
    return {fact: count / len(behaviours) for fact, count in counts.items()}


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of these such that at least this share of them is not greater; ordered: ascending."""
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def _of_event(behaviours: Sequence[Behaviour], name: str) -> list[Fact]:
    counts = sorted(found.count for one in behaviours if (found := one.did(name)) is not None)
    if not counts:
        return []
    often = [step for step in STEPS if step <= counts[-1]]
    return [*(Fact("did", name, least) for least in often), *(Fact("lately", name, days) for days in DAYS)]


def _of_amount(behaviours: Sequence[Behaviour], name: str, path: str) -> list[Fact]:
    sums = sorted(found.amount for one in behaviours if (found := one.did(name)) is not None)
    if not sums:
        return []
    # What nearly all spent says nothing.
    return [Fact("spent", name, step, path) for step in STEPS if quantile(sums, QUANTILES[0]) <= step <= sums[-1]]


def _of_trait(behaviours: Sequence[Behaviour], path: str) -> list[Fact]:
    values = [value for one in behaviours if (value := one.traits.get(path)) is not None]
    numbers = sorted(float(value) for value in values if is_number(value))
    if len(numbers) >= len(values) / 2:
        return [
            Fact("least", path, least)
            for least in sorted({rules.readable(quantile(numbers, share)) for share in QUANTILES})
        ]
    return [Fact("is", path, value) for value in frequent([one.traits.get(path) for one in behaviours])]


def _each(many: Iterable[Iterable[str]]) -> list[str]:
    return sorted({name for one in many for name in one})
