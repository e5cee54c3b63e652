"""Conditions on customers: a tree whose every node is exactly one operator. Source: docs/segments.md.

The tree has the shape that callers send and the graph stores, so that one
model reads, checks and writes it:

    {"all": [{"trait": {"path": "plan", "is": {"eq": "pro"}}},
             {"did": {"event": {"name": "Order Completed"}, "times": {"atLeast": 2}}}]}

Start with `parse_predicate`. What a condition means is in `graphcdp.plan.where`,
how it reads in words in `graphcdp.segment.wording`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from graphcdp.model.consent import PURPOSE_LENGTH_MAX
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.identifiers import ANONYMOUS, DEVICE, KIND_LENGTH_MAX, USER
from graphcdp.model.messages import EVENT_NAME_LENGTH_MAX
from graphcdp.model.times import duration_parts, reaching_back, time_of

NODES_MAX = 50
LEVELS_MAX = 8
IN_MAX = 500
WHERE_MAX = 10
PATH_LENGTH_MAX = 190  # of a property's name with its prefix the graph keeps 200
TEXT_LENGTH_MAX = 1000  # longer text of customers cannot be compared either
TIMES_MAX = 100_000
ANY_NAME = "*"

Scalar = str | int | float | bool

_KIND_BY_ALIAS = {"user_id": USER, "device_id": DEVICE, "anonymous_id": ANONYMOUS}


class BadPredicateError(InvalidReferenceError):
    """A condition that cannot be used; `expected` is what would be acceptable at `path`."""

    def __init__(self, message: str, path: tuple[str, ...], expected: str) -> None:
        super().__init__(message, path)
        self.expected = expected


def _refused(expected: str) -> PydanticCustomError:
    # The text is a template of pydantic's, in which braces would have a meaning.
    return PydanticCustomError("predicate", "{expected}", {"expected": expected})


def _text(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refused("text without half characters (lone surrogates)") from None
    return value


def _scalar(value: Any) -> Scalar:
    if isinstance(value, str):
        if len(value) > TEXT_LENGTH_MAX:
            raise _refused(f"text of at most {TEXT_LENGTH_MAX} characters")
        _text(value)
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise _refused("text, a number within 64 bits, true or false")


def _comparable(value: Any) -> Scalar:
    scalar = _scalar(value)
    if isinstance(scalar, bool):
        raise _refused("a number, a time or text")
    return scalar


def _duration(value: Any) -> str:
    try:
        if isinstance(value, str):
            duration_parts(value)
            return value
    except ValueError:
        pass
    raise _refused("an ISO 8601 duration without fractions, longer than none and at most P10Y, such as P30D or PT15M")


def _moment(value: Any) -> Any:
    found = value if isinstance(value, datetime) else time_of(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise _refused("RFC 3339 time with an offset, such as 2026-01-31T09:30:00Z, or a date")
    return found.astimezone(UTC)


def _kind(value: str) -> str:
    return _KIND_BY_ALIAS.get(value, value)


Name = Annotated[str, Field(min_length=1, max_length=EVENT_NAME_LENGTH_MAX), AfterValidator(_text)]
PropertyPath = Annotated[str, Field(min_length=1, max_length=PATH_LENGTH_MAX), AfterValidator(_text)]
Operand = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX), AfterValidator(_text)]
AnyScalar = Annotated[Any, BeforeValidator(_scalar)]
Comparable = Annotated[Any, BeforeValidator(_comparable)]
Duration = Annotated[str, BeforeValidator(_duration)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Kind = Annotated[str, Field(min_length=1, max_length=KIND_LENGTH_MAX), AfterValidator(_text), AfterValidator(_kind)]
Purpose = Annotated[str, Field(min_length=1, max_length=PURPOSE_LENGTH_MAX), AfterValidator(_text)]
Count = Annotated[int, Field(ge=0, le=TIMES_MAX)]


class _Part(BaseModel):
    """A part of the tree. Callers' names are the fields' aliases."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)

    def to_json(self) -> dict[str, Any]:
        """The part as JSON values, as a caller would send it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


Part = TypeVar("Part", bound=_Part)


class _OneOf(_Part):
    """A part with exactly one field."""

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, value: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        if not isinstance(value, Mapping):
            raise _refused(f"an object with one of {', '.join(names)}")
        if len(value) != 1:
            raise _refused(f"exactly one of {', '.join(names)}; {len(value)} were given")
        name, part = next(iter(value.items()))
        if name not in names:
            raise _refused(f"one of {', '.join(names)}, not {str(name)[:100]!r}")
        if part is None:
            hint = "; for 'has no value' write exists: false" if "exists" in names else ""
            raise _refused(f"a value for {name}, not null{hint}")
        return value


class ValueTest(_OneOf):
    """A condition on one value. Operators other than `exists` match values of their operand's type only."""

    eq: AnyScalar = None
    neq: AnyScalar = None
    in_: tuple[AnyScalar, ...] | None = Field(None, alias="in", max_length=IN_MAX, strict=False)
    gt: Comparable = None
    gte: Comparable = None
    lt: Comparable = None
    lte: Comparable = None
    contains: Operand | None = None
    starts_with: Operand | None = Field(None, alias="startsWith")
    exists: bool | None = None
    within_last: Duration | None = Field(None, alias="withinLast")
    before: Duration | None = None

    @property
    def operator(self) -> tuple[str, Any]:
        """The operator as callers write it, and its operand."""
        name = next(iter(self.model_fields_set))
        return type(self).model_fields[name].alias or name, getattr(self, name)


class PropertyTest(_Part):
    """A condition on the value at a dotted path."""

    path: PropertyPath
    is_: ValueTest = Field(alias="is")


class Range(_Part):
    """A stretch of time, [since, until) and not longer ago than `within`; all that are given must hold."""

    since: Moment | None = None
    until: Moment | None = None
    within: Duration | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Range":
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise _refused("`since` earlier than `until`; `until` itself is not included")
        return self

    @field_serializer("since", "until")
    def _written(self, value: datetime | None) -> str | None:
        return None if value is None else value.isoformat().replace("+00:00", "Z")

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """The first moment inside and the first moment after; None for no bound."""
        reach = None if self.within is None else reaching_back(now, self.within)
        since = max((bound for bound in (self.since, reach) if bound is not None), default=None)
        return since, self.until


class EventMatch(_Part):
    """Which events: by name, ANY_NAME for all, and by conditions on properties that all must hold."""

    name: Name
    where: Annotated[tuple[PropertyTest, ...], Field(max_length=WHERE_MAX, strict=False)] | None = None


class EventConditions(_Part):
    """Conditions on properties that an event must meet all."""

    where: Annotated[tuple[PropertyTest, ...], Field(max_length=WHERE_MAX, strict=False)]

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change which events meet them."""
        return any(_reaches_back(test) for test in self.where)


class Times(_Part):
    """How often; both bounds are included."""

    at_least: Count | None = Field(None, alias="atLeast")
    at_most: Count | None = Field(None, alias="atMost")

    @model_validator(mode="after")
    def _possible(self) -> "Times":
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise _refused("`atLeast` not greater than `atMost`")
        return self


class EventTest(_Part):
    """Events happened so often in such a time; at least once when `times` says nothing."""

    event: EventMatch
    during: Range | None = None
    times: Times | None = None

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The least and the greatest number of events; None for no greatest."""
        if self.times is None:
            return 1, None
        least, most = self.times.at_least, self.times.at_most
        if least is None:
            return (1 if most is None else 0), most
        return least, most


class SegmentName(_OneOf):
    """How a rule names a segment."""

    id: Name | None = None
    key: Name | None = None


class Predicate(_OneOf):
    """A condition on a customer."""

    model_config = ConfigDict(title="CustomerPredicate")
    branches: ClassVar[tuple[str, ...]] = ("all", "any", "not")

    all_of: tuple["Predicate", ...] | None = Field(None, alias="all", strict=False)
    any_of: tuple["Predicate", ...] | None = Field(None, alias="any", strict=False)
    negated: "Predicate | None" = Field(None, alias="not")
    trait: PropertyTest | None = None
    did: EventTest | None = None
    in_segment: SegmentName | None = Field(None, alias="inSegment")
    has_identifier: Kind | None = Field(None, alias="hasIdentifier")
    consented: Purpose | None = None
    first_seen: Range | None = Field(None, alias="firstSeen")
    last_seen: Range | None = Field(None, alias="lastSeen")

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], "Predicate"]]:
        """This node and all below it with their paths, in the order of the text."""
        yield path, self
        if self.negated is not None:
            yield from self.negated.walk((*path, "not"))
        for name, children in (("all", self.all_of), ("any", self.any_of)):
            for place, child in enumerate(children or ()):
                yield from child.walk((*path, name, str(place)))

    def segments(self) -> list[tuple[tuple[str, ...], SegmentName]]:
        """The segments that the condition names, each with the path to its name."""
        return [((*path, "inSegment"), node.in_segment) for path, node in self.walk() if node.in_segment is not None]

    @property
    def asks_values(self) -> bool:
        """Does it depend on values of traits, or of properties of events?"""
        return any(
            node.trait is not None or (node.did is not None and bool(node.did.event.where)) for _, node in self.walk()
        )

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change who meets it, apart from the segments that it names."""
        return any(_moves(node) for _, node in self.walk())


def parse_predicate(value: Any, path: Sequence[str] = ()) -> Predicate:
    """The condition that these JSON values state.

    path: where they stand in the caller's input. Raises BadPredicateError at
    the first node that cannot be used.
    """
    _check_size(value, tuple(path))
    return _validated(Predicate, value, tuple(path))


def parse_segment_name(value: Any, path: Sequence[str] = ()) -> SegmentName:
    """The segment that these JSON values name. Errors as `parse_predicate`."""
    return _validated(SegmentName, value, tuple(path))


def parse_event_conditions(value: Any, path: Sequence[str] = ()) -> EventConditions:
    """The conditions on properties of events that this list of JSON values states.

    path: where what holds them as `where` stands. Errors as `parse_predicate`.
    """
    return _validated(EventConditions, {"where": value}, tuple(path))


def _validated(model: type[Part], value: Any, path: tuple[str, ...]) -> Part:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explained(error.errors(include_url=False)[0], path) from error


def _check_size(value: Any, path: tuple[str, ...]) -> None:
    """Count before reading, so that no tree is too deep for the reader."""
    nodes = 0
    pending: list[tuple[Any, tuple[str, ...], int]] = [(value, path, 1)]
    while pending:
        node, here, level = pending.pop()
        nodes += 1
        if level > LEVELS_MAX:
            raise BadPredicateError(
                f"The condition has more than {LEVELS_MAX} levels: move an inner part into a segment of its own "
                f"and name it with inSegment.",
                here,
                f"at most {LEVELS_MAX} levels",
            )
        if nodes > NODES_MAX:
            raise BadPredicateError(
                f"The condition has more than {NODES_MAX} nodes: use `in` for many values of one trait, or move a "
                f"part into a segment of its own and name it with inSegment.",
                path,
                f"at most {NODES_MAX} nodes",
            )
        if isinstance(node, Mapping):
            pending += [
                (child, (*here, *where), level + 1)
                for name in Predicate.branches
                for where, child in _children(name, node.get(name))
            ]


def _children(name: str, value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        yield (name,), value
    elif isinstance(value, list | tuple):
        yield from (((name, str(place)), child) for place, child in enumerate(value))


def _explained(error: ErrorDetails, path: tuple[str, ...]) -> BadPredicateError:
    inner = tuple(str(part) for part in error["loc"])
    context = error.get("ctx", {})
    where = ".".join(inner) or "the condition"
    expected = _EXPECTED_BY_TYPE.get(error["type"])
    if error["type"] == "extra_forbidden":
        expected = "only fields that this part has"
    elif expected is None:
        expected = error["msg"]
    else:
        expected = expected.format(**{name: value for name, value in context.items() if name != "error"})
    seen = "" if isinstance(error["input"], Mapping) else f", not {str(error['input'])[:50]!r}"
    return BadPredicateError(f"{where} is not usable: expected {expected}{seen}.", (*path, *inner), expected)


_EXPECTED_BY_TYPE = {
    "missing": "a value here",
    "string_type": "text",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "too_long": "at most {max_length} items",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def _moves(node: Predicate) -> bool:
    ranges = [node.first_seen, node.last_seen]
    if node.consented is not None:
        return True  # it may run out
    tests = [] if node.trait is None else [node.trait]
    if node.did is not None:
        ranges.append(node.did.during)
        tests += node.did.event.where or ()
    return any(found is not None and found.within is not None for found in ranges) or any(map(_reaches_back, tests))


def _reaches_back(test: PropertyTest) -> bool:
    return test.is_.operator[0] in ("withinLast", "before")
