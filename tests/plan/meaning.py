"""What a condition means, in plain Python, written apart from the Cypher that must agree with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from graphcdp.model.consent import ConsentStatus, Decision
from graphcdp.model.predicates import (
    AggregateTest,
    EventMatch,
    EventTest,
    Measure,
    Predicate,
    PropertyTest,
    Range,
    SequenceTest,
    ValueTest,
)
from graphcdp.model.times import reaching_ahead, reaching_back, time_of


@dataclass(frozen=True)
class Happened:
    """An event; properties: by top-level name."""

    name: str
    at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """All that a condition can see of a customer.

    traits: by dotted path, scalars and lists of one type. kinds: how many identifiers of each.
    """

    id: str
    first_seen: datetime
    last_seen: datetime
    traits: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    events: Sequence[Happened] = ()
    segments: frozenset[str] = frozenset()
    decisions: Sequence[Decision] = ()


def holds(predicate: Predicate, facts: Facts, now: datetime) -> bool:
    """Whether the customer meets the condition."""
    if predicate.all_of is not None:
        return all(holds(child, facts, now) for child in predicate.all_of)
    if predicate.any_of is not None:
        return any(holds(child, facts, now) for child in predicate.any_of)
    if predicate.negated is not None:
        return not holds(predicate.negated, facts, now)
    if predicate.trait is not None:
        return has(predicate.trait, facts.traits, now)
    if predicate.did is not None:
        return did(predicate.did, facts.events, now)
    if predicate.did_in_order is not None:
        return did_in_order(predicate.did_in_order, facts.events, now)
    if predicate.aggregate is not None:
        return aggregate(predicate.aggregate, facts.events, now)
    return holds_otherwise(predicate, facts, now)


def holds_otherwise(predicate: Predicate, facts: Facts, now: datetime) -> bool:
    """The same for conditions that are neither on other conditions, nor on traits, nor on events."""
    if predicate.in_segment is not None:
        return (predicate.in_segment.key or predicate.in_segment.id) in facts.segments
    if predicate.has_identifier is not None:
        return predicate.has_identifier in facts.kinds
    if predicate.identifiers is not None:
        least, most = predicate.identifiers.bounds
        count = facts.kinds.get(predicate.identifiers.kind, 0)
        return least <= count and (most is None or count <= most)
    if predicate.consented is not None:
        return consented(predicate.consented, facts.decisions, now)
    if predicate.first_seen is not None:
        return inside(predicate.first_seen, facts.first_seen, now)
    assert predicate.last_seen is not None
    return inside(predicate.last_seen, facts.last_seen, now)


def consented(purpose: str, decisions: Sequence[Decision], now: datetime) -> bool:
    """Whether the last decision on the purpose is a grant that holds."""
    about = [one for one in decisions if one.purpose == purpose]
    if not about:
        return False
    last = max(one.at for one in about)
    return all(one.status(now) is ConsentStatus.GRANTED for one in about if one.at == last)


def did(test: EventTest, events: Sequence[Happened], now: datetime) -> bool:
    """Whether so many of the events fit."""
    number = len(matching(test.event, test.during, events, now))
    least, most = test.bounds
    return least <= number and (most is None or number <= most)


def matching(match: EventMatch, during: Range | None, events: Sequence[Happened], now: datetime) -> list[Happened]:
    """The events that match, in the range."""
    return [
        event
        for event in events
        if match.name in ("*", event.name)
        and (during is None or inside(during, event.at, now))
        and all(has(condition, event.properties, now) for condition in match.where or ())
    ]


def aggregate(test: AggregateTest, events: Sequence[Happened], now: datetime) -> bool:
    """Whether what the events come to fits."""
    found = matching(test.event, test.during, events, now)
    if test.measure in (Measure.FIRST_TIME, Measure.LAST_TIME):
        times = sorted(event.at for event in found)
        at = None if not times else times[0] if test.measure is Measure.FIRST_TIME else times[-1]
        # Text with all its digits, which is a time as a trait is one.
        return fits(test.is_, None if at is None else at.isoformat(), now)
    values = [event.properties.get(test.property_ or "") for event in found]
    numbers = [value for value in values if kind(value) == "number"]
    return fits(test.is_, number_of(test.measure, len(found), values, numbers), now)


def number_of(measure: Measure, events: int, values: list[Any], numbers: list[Any]) -> Any:
    """What they come to; None for no value."""
    if measure is Measure.EVENTS:
        return events
    if measure is Measure.DISTINCT:
        return len({(kind(value), value) for value in values if kind(value) is not None})
    if measure is Measure.SUM:
        return rounded(added(numbers))
    if not numbers:
        return None
    if measure is Measure.AVERAGE:
        return rounded(added(numbers) / len(numbers))
    return min(numbers) if measure is Measure.MIN else max(numbers)


def added(numbers: list[Any]) -> float:
    """The sum of floats, from the smallest; not Python's own, which makes up for what rounding loses."""
    total = 0.0
    for number in sorted(map(float, numbers)):
        total += number
    return total


def rounded(total: float) -> float:
    """Six places after the point, halves away from zero, of the shortest digits that mean the number."""
    if abs(total) >= 1e15:
        return total
    return float(Decimal(repr(total)).quantize(Decimal("1e-6"), ROUND_HALF_UP))


def did_in_order(test: SequenceTest, events: Sequence[Happened], now: datetime) -> bool:
    """Whether there is a choice of events, each later than the one before: every choice is tried."""
    steps = [matching(step, test.during, events, now) for step in test.steps]
    between = [] if test.without is None else matching(test.without, test.during, events, now)

    def chains(first: datetime, last: datetime, left: list[list[Happened]]) -> Iterator[tuple[datetime, datetime]]:
        if not left:
            yield first, last
        for event in left[0] if left else ():
            if event.at > last:
                yield from chains(first, event.at, left[1:])

    return any(
        (test.within is None or first >= reaching_back(last, test.within))
        and not any(first < event.at < last for event in between)
        for start in {event.at for event in steps[0]}
        for first, last in chains(start, start, steps[1:])
    )


def inside(during: Range, at: datetime, now: datetime) -> bool:
    """Whether the moment lies in the range."""
    return (
        (during.since is None or at >= during.since)
        and (during.until is None or at < during.until)
        and (during.within is None or at >= reaching_back(now, during.within))
    )


def has(test: PropertyTest, values: Mapping[str, Any], now: datetime) -> bool:
    """Whether the value at the path fits."""
    return fits(test.is_, values.get(test.path), now)


def fits(test: ValueTest, value: Any, now: datetime) -> bool:
    """Whether the value fits; None for no value."""
    operator, operand = test.operator
    if operator == "exists":
        return (value is not None) is operand
    if operator == "eq":
        return alike(value, operand) and value == operand
    if operator == "neq":
        return alike(value, operand) and value != operand
    if operator == "in":
        return any(alike(value, item) and value == item for item in operand)
    if operator == "startsWith":
        return isinstance(value, str) and value.startswith(operand)
    if operator == "contains":
        if isinstance(value, str):
            return operand.lower() in value.lower()
        return isinstance(value, list) and operand in value
    if operator in ("withinLast", "before", "withinNext"):
        at = time_of(value) if isinstance(value, str) else None
        if operator == "withinNext":
            return at is not None and now <= at <= reaching_ahead(now, operand)
        reach = reaching_back(now, operand)
        return at is not None and (at < reach if operator == "before" else reach <= at <= now)
    return ordered(operator, value, operand)


def ordered(operator: str, value: Any, operand: Any) -> bool:
    """Whether the value lies on this side of the operand."""
    if not alike(value, operand):
        return False
    if isinstance(operand, str):
        bound = time_of(operand)
        if bound is not None:
            value, operand = time_of(value), bound
            if value is None:
                return False
    if operator in ("gt", "lte"):
        return bool(value > operand) is (operator == "gt")
    return bool(value < operand) is (operator == "lt")


def alike(one: Any, other: Any) -> bool:
    """Whether both are text, both truth values or both numbers."""
    return kind(one) is not None and kind(one) == kind(other)


def kind(value: Any) -> str | None:
    """The type of a value as a caller sees it."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None
