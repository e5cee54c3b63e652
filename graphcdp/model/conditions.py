"""What is asked of one value, of a stretch of time, of events: the parts that conditions on customers consist of.

Source: docs/segments.md, rules 2 to 8, and docs/conditions.md, rule 5. Every part is checked when it is made;
`refused` is how a check says what it expected.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from graphcdp.model.consent import PURPOSE_LENGTH_MAX
from graphcdp.model.identifiers import ANONYMOUS, DEVICE, KIND_LENGTH_MAX, USER
from graphcdp.model.messages import EVENT_NAME_LENGTH_MAX
from graphcdp.model.times import duration_parts, reaching_back, time_of

IN_MAX = 500
WHERE_MAX = 10
PATH_LENGTH_MAX = 190  # of a property's name with its prefix the graph keeps 200
TEXT_LENGTH_MAX = 1000  # longer text of customers cannot be compared either
TIMES_MAX = 100_000
ANY_NAME = "*"
TIMED_OPERATORS = frozenset(("withinLast", "withinNext", "before"))
"""Operators that compare a time with now."""

Scalar = str | int | float | bool

_KIND_BY_ALIAS = {"user_id": USER, "device_id": DEVICE, "anonymous_id": ANONYMOUS}


def refused(expected: str, *at: str) -> PydanticCustomError:
    """What a check of a part raises; at: where inside the part, nothing for the part itself."""
    # The text is a template of pydantic's, in which braces would have a meaning.
    return PydanticCustomError("predicate", "{expected}", {"expected": expected, "at": at})


def _text(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise refused("text without half characters (lone surrogates)") from None
    return value


def _scalar(value: Any) -> Scalar:
    if isinstance(value, str):
        if len(value) > TEXT_LENGTH_MAX:
            raise refused(f"text of at most {TEXT_LENGTH_MAX} characters")
        _text(value)
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise refused("text, a number within 64 bits, true or false")


def _comparable(value: Any) -> Scalar:
    scalar = _scalar(value)
    if isinstance(scalar, bool):
        raise refused("a number, a time or text")
    return scalar


def _duration(value: Any) -> str:
    try:
        if isinstance(value, str):
            duration_parts(value)
            return value
    except ValueError:
        pass
    raise refused("an ISO 8601 duration without fractions, longer than none and at most P10Y, such as P30D or PT15M")


def _moment(value: Any) -> Any:
    found = value if isinstance(value, datetime) else time_of(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise refused("RFC 3339 time with an offset, such as 2026-01-31T09:30:00Z, or a date")
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


class ConditionPart(BaseModel):
    """A part of the tree. Callers' names are the fields' aliases."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)

    def to_json(self) -> dict[str, Any]:
        """The part as JSON values, as a caller would send it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


Part = TypeVar("Part", bound=ConditionPart)


class OneOf(ConditionPart):
    """A part with exactly one field."""

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, value: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        if not isinstance(value, Mapping):
            raise refused(f"an object with one of {', '.join(names)}")
        if len(value) != 1:
            raise refused(f"exactly one of {', '.join(names)}; {len(value)} were given")
        name, part = next(iter(value.items()))
        if name not in names:
            raise refused(f"one of {', '.join(names)}, not {str(name)[:100]!r}")
        if part is None:
            hint = "; for 'has no value' write exists: false" if "exists" in names else ""
            raise refused(f"a value for {name}, not null{hint}")
        return value


class ValueTest(OneOf):
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
    within_next: Duration | None = Field(None, alias="withinNext")
    before: Duration | None = None

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change which values meet it."""
        return self.operator[0] in TIMED_OPERATORS

    @property
    def operator(self) -> tuple[str, Any]:
        """The operator as callers write it, and its operand."""
        name = next(iter(self.model_fields_set))
        return type(self).model_fields[name].alias or name, getattr(self, name)


class PropertyTest(ConditionPart):
    """A condition on the value at a dotted path."""

    path: PropertyPath
    is_: ValueTest = Field(alias="is")

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change which values meet it."""
        return self.is_.depends_on_time


class Range(ConditionPart):
    """A stretch of time, [since, until) and not longer ago than `within`; all that are given must hold."""

    since: Moment | None = None
    until: Moment | None = None
    within: Duration | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Range":
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise refused("`since` earlier than `until`; `until` itself is not included")
        return self

    @field_serializer("since", "until")
    def _written(self, value: datetime | None) -> str | None:
        return None if value is None else value.isoformat().replace("+00:00", "Z")

    @property
    def depends_on_time(self) -> bool:
        """Whether it moves with time."""
        return self.within is not None

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """The first moment inside and the first moment after; None for no bound."""
        reach = None if self.within is None else reaching_back(now, self.within)
        since = max((bound for bound in (self.since, reach) if bound is not None), default=None)
        return since, self.until


class EventMatch(ConditionPart):
    """Which events: by name, ANY_NAME for all, and by conditions on properties that all must hold."""

    name: Name
    where: Annotated[tuple[PropertyTest, ...], Field(max_length=WHERE_MAX, strict=False)] | None = None

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change which events match."""
        return any(test.depends_on_time for test in self.where or ())


class EventConditions(ConditionPart):
    """Conditions on properties that an event must meet all."""

    where: Annotated[tuple[PropertyTest, ...], Field(max_length=WHERE_MAX, strict=False)]

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change which events meet them."""
        return any(test.depends_on_time for test in self.where)


class Times(ConditionPart):
    """How often; both bounds are included."""

    at_least: Count | None = Field(None, alias="atLeast")
    at_most: Count | None = Field(None, alias="atMost")

    @model_validator(mode="after")
    def _possible(self) -> "Times":
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise refused("`atLeast` not greater than `atMost`")
        return self


class EventTest(ConditionPart):
    """Events happened so often in such a time; at least once when `times` says nothing."""

    event: EventMatch
    during: Range | None = None
    times: Times | None = None

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The least and the greatest number of events; None for no greatest."""
        return bounds_of(self.times)

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change it."""
        return self.event.depends_on_time or moves(self.during)


class IdentifierTest(ConditionPart):
    """So many identifiers of a kind; at least one when `times` says nothing."""

    kind: Kind
    times: Times | None = None

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The least and the greatest number of identifiers; None for no greatest."""
        return bounds_of(self.times)


def bounds_of(times: Times | None) -> tuple[int, int | None]:
    """The least and the greatest number, None for no greatest; at least 1 when nothing is said."""
    if times is None:
        return 1, None
    least, most = times.at_least, times.at_most
    if least is None:
        return (1 if most is None else 0), most
    return least, most


def moves(during: Range | None) -> bool:
    """Whether a stretch of time, all of it when None, moves with time."""
    return during is not None and during.depends_on_time
