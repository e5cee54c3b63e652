"""Conditions on customers as callers write them; their meaning is that of `graphcdp.model.predicates`."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.types import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from graphcdp.api.access import check_condition
from graphcdp.api.scalars import JSON, Duration
from graphcdp.api.times import TimeRange
from graphcdp.model.predicates import (
    EventConditions,
    Predicate,
    SegmentName,
    parse_event_conditions,
    parse_predicate,
    parse_segment_name,
)
from graphcdp.model.principals import Principal
from graphcdp.model.statement import Statement
from graphcdp.plan.where import condition


@strawberry.input(one_of=True, description="How to name a segment: exactly one of these.")
class SegmentRef:
    """An id or a key as the caller wrote it."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Global id.")
    key: strawberry.Maybe[str] = strawberry.field(description="The key given at creation.")


@strawberry.input(
    one_of=True,
    description=(
        "A condition on a value: exactly one of these. Values of other types never match; text compares "
        "case-sensitively. A time is RFC 3339 text: a date, or a date with time and offset; compared with a time, "
        'only times match, as moments. For "has no value" use `exists: false`.'
    ),
)
class ValuePredicate:
    """An operator with its operand."""

    eq: strawberry.Maybe[JSON] = strawberry.field(description="Equals: text, a number, true or false.")
    neq: strawberry.Maybe[JSON] = strawberry.field(description="Has a value of the same type, other than this one.")
    in_: strawberry.Maybe[list[JSON]] = strawberry.field(name="in", description="Is one of these; at most 500.")
    gt: strawberry.Maybe[JSON] = strawberry.field(description="Is greater; numbers, times or text.")
    gte: strawberry.Maybe[JSON] = strawberry.field(description="Is greater or equal.")
    lt: strawberry.Maybe[JSON] = strawberry.field(description="Is less.")
    lte: strawberry.Maybe[JSON] = strawberry.field(description="Is less or equal.")
    contains: strawberry.Maybe[str] = strawberry.field(
        description="Contains this text, in any case, or, for a list of texts, this item."
    )
    starts_with: strawberry.Maybe[str] = strawberry.field(description="Starts with this text.")
    exists: strawberry.Maybe[bool] = strawberry.field(description="Has a value (true) or has none (false).")
    within_last: strawberry.Maybe[Duration] = strawberry.field(
        description="Is a time not longer ago than this, and not in the future."
    )
    within_next: strawberry.Maybe[Duration] = strawberry.field(
        description="Is a time not further ahead than this, and not in the past."
    )
    before: strawberry.Maybe[Duration] = strawberry.field(description="Is a time longer ago than this.")


@strawberry.input(description="A condition on one property.")
class PropertyPredicate:
    """A path with a condition."""

    path: str = strawberry.field(
        description="Dotted path of a trait: `plan`, `address.city`; or the name of an event's property."
    )
    is_: ValuePredicate = strawberry.field(name="is", description="The condition on the value there.")


@strawberry.input(description="Which events: by name and properties.")
class EventMatch:
    """A name with conditions."""

    name: str = strawberry.field(description="Event name; `*` matches any.")
    where: list[PropertyPredicate] | None = strawberry.field(
        description="Conditions on properties; all must hold; at most 10.", default=None
    )


@strawberry.input(description="How often. Both bounds are included.")
class CountRange:
    """Bounds of a number."""

    at_least: int | None = strawberry.field(description="At least so often.", default=None)
    at_most: int | None = strawberry.field(description="At most so often; 0 means never.", default=None)


@strawberry.input(description="An event happened so often in such a time.")
class EventPredicate:
    """Events, when and how often."""

    event: EventMatch = strawberry.field(description="Which events.")
    during: TimeRange | None = strawberry.field(description="When; any time when absent.", default=None)
    times: CountRange | None = strawberry.field(description="How often; at least once when absent.", default=None)


@strawberry.enum(description="How events become one value.")
class Measure(Enum):
    """As `graphcdp.model.predicates.Measure`."""

    SUM = strawberry.enum_value("SUM", description="The numbers of the property added up; 0 for none.")
    MIN = strawberry.enum_value("MIN", description="The smallest number of the property.")
    MAX = strawberry.enum_value("MAX", description="The greatest number of the property.")
    AVERAGE = strawberry.enum_value("AVERAGE", description="The mean of the numbers of the property.")
    EVENTS = strawberry.enum_value("EVENTS", description="How many events; 0 for none.")
    DISTINCT = strawberry.enum_value(
        "DISTINCT", description="How many different values the property has; 0 for none. Lists do not count."
    )
    FIRST_TIME = strawberry.enum_value("FIRST_TIME", description="When the first of the events happened.")
    LAST_TIME = strawberry.enum_value("LAST_TIME", description="When the last of the events happened.")


@strawberry.input(description="An aggregate over a customer's events.")
class AggregatePredicate:
    """Events, what they come to, and a condition on that."""

    event: EventMatch = strawberry.field(description="Which events.")
    property_: str | None = strawberry.field(
        name="property",
        description=(
            "The property to aggregate, for SUM, MIN, MAX, AVERAGE and DISTINCT; values that are no numbers are "
            "ignored, other than by DISTINCT."
        ),
        default=None,
    )
    measure: Measure = strawberry.field(description="How to aggregate.")
    during: TimeRange | None = strawberry.field(description="When; any time when absent.", default=None)
    is_: ValuePredicate = strawberry.field(
        name="is",
        description=(
            "The condition on the result: a number; for FIRST_TIME and LAST_TIME a time. Sums and averages are rounded "
            "to six decimal places."
        ),
    )


@strawberry.input(description="Events happened one after another, each later than the one before.")
class SequencePredicate:
    """Steps, and what holds them together."""

    steps: list[EventMatch] = strawberry.field(description="The events, in order; 2..10.")
    within: Duration | None = strawberry.field(description="From the first to the last step at most.", default=None)
    during: TimeRange | None = strawberry.field(description="When; any time when absent.", default=None)
    without: EventMatch | None = strawberry.field(
        description="No such event happened after the first and before the last step.", default=None
    )


@strawberry.input(description="So many identifiers of a kind.")
class IdentifierPredicate:
    """A kind and how often."""

    kind: str = strawberry.field(description="As for `hasIdentifier`.")
    times: CountRange | None = strawberry.field(description="How many; at least one when absent.", default=None)


@strawberry.input(
    one_of=True,
    description=(
        "A condition on a customer: a tree whose every node is exactly one of these. At most 50 nodes and 8 levels."
    ),
)
class CustomerPredicate:
    """A node of the tree."""

    all_: strawberry.Maybe[list["CustomerPredicate"]] = strawberry.field(name="all", description="All of them hold.")
    any_: strawberry.Maybe[list["CustomerPredicate"]] = strawberry.field(name="any", description="At least one holds.")
    not_: strawberry.Maybe["CustomerPredicate"] = strawberry.field(name="not", description="It does not hold.")
    trait: strawberry.Maybe[PropertyPredicate] = strawberry.field(description="A trait has such a value.")
    did: strawberry.Maybe[EventPredicate] = strawberry.field(description="An event happened.")
    did_in_order: strawberry.Maybe[SequencePredicate] = strawberry.field(
        description="Events happened one after another."
    )
    aggregate: strawberry.Maybe[AggregatePredicate] = strawberry.field(
        description="What events come to has such a value: spent more than 500 in 30 days."
    )
    in_segment: strawberry.Maybe[SegmentRef] = strawberry.field(
        description="Is a member of the segment. Rules may not form a cycle."
    )
    has_identifier: strawberry.Maybe[str] = strawberry.field(
        description="Has an identifier of the kind: `email`, `phone`, `user`, `device`, `anonymous` or your own."
    )
    identifiers: strawberry.Maybe[IdentifierPredicate] = strawberry.field(
        description="Has so many identifiers of a kind, such as at least two devices."
    )
    consented: strawberry.Maybe[str] = strawberry.field(
        description="Consented to the purpose, and the consent has not run out."
    )
    first_seen: strawberry.Maybe[TimeRange] = strawberry.field(description="First seen in the range.")
    last_seen: strawberry.Maybe[TimeRange] = strawberry.field(description="Last seen in the range.")


def predicate_of(where: CustomerPredicate, path: tuple[str, ...] = ("where",)) -> Predicate:
    """The condition that the caller wrote at `path`.

    Raises BadPredicateError when it cannot be used.
    """
    return parse_predicate(_json(where), path)


def asked_condition(where: CustomerPredicate, principal: Principal) -> Predicate:
    """The condition that somebody asks about at once.

    Errors as `predicate_of`; raises NotAllowedError too.
    """
    predicate = predicate_of(where)
    check_condition(principal, predicate)
    return predicate


def condition_of(where: CustomerPredicate, principal: Principal, now: datetime) -> Statement:
    """The condition as Cypher on `c`, for lists of customers. Errors as `asked_condition`."""
    return condition(asked_condition(where, principal), now)


def conditions_on_events(where: list[PropertyPredicate], path: tuple[str, ...]) -> EventConditions:
    """The conditions that the caller wrote as `where` at `path`. Errors as `predicate_of`."""
    return parse_event_conditions(_json(where), path)


def segment_name(ref: SegmentRef, path: tuple[str, ...] = ("segment",)) -> SegmentName:
    """The segment that the caller names at `path`. Errors as `predicate_of`."""
    return parse_segment_name(_json(ref), path)


def _json(value: Any) -> Any:
    """An input as the JSON values that the caller sent, without what was absent."""
    if isinstance(value, strawberry.Some):
        return _json(value.value)
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return dict(_fields(value)) if get_object_definition(value) is not None else value


def _fields(given: Any) -> Iterator[tuple[str, Any]]:
    for found in get_object_definition(given, strict=True).fields:
        value = getattr(given, found.python_name)
        if value is not None:
            yield found.graphql_name or to_camel_case(found.python_name), _json(value)
