"""What a condition means, in plain Python, written apart from the Cypher that must agree with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphcdp.model.consent import ConsentStatus, Decision
from graphcdp.model.predicates import EventTest, Predicate, PropertyTest, Range, ValueTest
from graphcdp.model.times import reaching_back, time_of


@dataclass(frozen=True)
class Happened:
    """An event; properties: by top-level name."""

    name: str
    at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """All that a condition can see of a customer; traits: by dotted path, scalars and lists of one type."""

    id: str
    first_seen: datetime
    last_seen: datetime
    traits: Mapping[str, Any] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
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
    if predicate.in_segment is not None:
        return (predicate.in_segment.key or predicate.in_segment.id) in facts.segments
    if predicate.has_identifier is not None:
        return predicate.has_identifier in facts.kinds
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
    fitting = [
        event
        for event in events
        if test.event.name in ("*", event.name)
        and (test.during is None or inside(test.during, event.at, now))
        and all(has(condition, event.properties, now) for condition in test.event.where or ())
    ]
    least, most = test.bounds
    return least <= len(fitting) and (most is None or len(fitting) <= most)


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
    if operator in ("withinLast", "before"):
        at = time_of(value) if isinstance(value, str) else None
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
