"""What is asked of a customer's events together: what they add up to, and in which order they happened.

Source: docs/conditions.md, rules 1 to 4.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from graphcdp.model.conditions import (
    ConditionPart,
    Duration,
    EventMatch,
    PropertyPath,
    Range,
    ValueTest,
    moves,
    refused,
)
from graphcdp.model.times import time_of

STEPS_MIN = 2
STEPS_MAX = 10

_ORDER = frozenset(("gt", "gte", "lt", "lte"))


class Measure(StrEnum):
    """How events become one value."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    AVERAGE = "AVERAGE"
    EVENTS = "EVENTS"
    DISTINCT = "DISTINCT"
    FIRST_TIME = "FIRST_TIME"
    LAST_TIME = "LAST_TIME"


OF_PROPERTY = frozenset((Measure.SUM, Measure.MIN, Measure.MAX, Measure.AVERAGE, Measure.DISTINCT))
"""Measures of a property's values; the others are of the events themselves."""
TIMES = frozenset((Measure.FIRST_TIME, Measure.LAST_TIME))
"""Measures that are times; the others are numbers."""
NEVER_NONE = frozenset((Measure.SUM, Measure.EVENTS, Measure.DISTINCT))
"""Measures that have a value without events too: 0."""


class AggregateTest(ConditionPart):
    """What the events come to meets a test."""

    event: EventMatch
    property_: PropertyPath | None = Field(None, alias="property")
    measure: Annotated[Measure, Field(strict=False)]
    during: Range | None = None
    is_: ValueTest = Field(alias="is")

    @model_validator(mode="after")
    def _fitting(self) -> "AggregateTest":
        if self.measure in OF_PROPERTY and self.property_ is None:
            raise refused(f"`property`, whose values {self.measure} is of")
        if self.measure not in OF_PROPERTY and self.property_ is not None:
            raise refused(f"no `property` with {self.measure}, which is of the events; use `where`", "property")
        operator, operand = self.is_.operator
        if operator == "exists" and self.measure in NEVER_NONE:
            raise refused(f"a comparison: {self.measure} of no events is 0, so it always has a value", "is", "exists")
        if operator != "exists":
            self._check_operand(operator, operand)
        return self

    def _check_operand(self, operator: str, operand: object) -> None:
        if self.measure in TIMES:
            if operator in _ORDER:
                if not isinstance(operand, str) or time_of(operand) is None:
                    raise refused("RFC 3339 time with an offset, or a date", "is", operator)
            elif operator not in ("withinLast", "withinNext", "before"):
                raise refused(
                    f"one of gt, gte, lt, lte, withinLast, withinNext, before, exists: {self.measure} is a time",
                    "is",
                    operator,
                )
        elif operator in ("contains", "startsWith", "withinLast", "withinNext", "before"):
            raise refused(f"one of eq, neq, in, gt, gte, lt, lte, exists: {self.measure} is a number", "is", operator)
        else:
            for place, one in enumerate(operand if isinstance(operand, tuple) else (operand,)):
                if isinstance(one, bool) or not isinstance(one, int | float):
                    inner = (str(place),) if isinstance(operand, tuple) else ()
                    raise refused(f"a number: {self.measure} is one", "is", operator, *inner)

    @property
    def asks_values(self) -> bool:
        """Whether it depends on values of properties."""
        return self.measure in OF_PROPERTY or bool(self.event.where)

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change it."""
        return self.event.depends_on_time or self.is_.depends_on_time or moves(self.during)


class SequenceTest(ConditionPart):
    """Events happened one after another, with none of others between the first and the last."""

    steps: Annotated[tuple[EventMatch, ...], Field(min_length=STEPS_MIN, max_length=STEPS_MAX, strict=False)]
    within: Duration | None = None
    during: Range | None = None
    without: EventMatch | None = None

    @property
    def events(self) -> tuple[EventMatch, ...]:
        """All that it looks at."""
        return self.steps if self.without is None else (*self.steps, self.without)

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change it."""
        return any(event.depends_on_time for event in self.events) or moves(self.during)
