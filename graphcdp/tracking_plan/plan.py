"""A message -> what the tracking plan says against it. Pure. Source: docs/sources.md, rules 5 to 9."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator

from graphcdp.model.messages import Message, MessageType
from graphcdp.model.problems import Problem
from graphcdp.tracking_plan.schemas import LINEAR, Schema
from graphcdp.tracking_plan.wording import problems_of, unknown_event

VIOLATIONS_MAX = 10
"""Told of one message."""


class OnViolation(StrEnum):
    """What becomes of a message that breaks the plan."""

    KEEP = "keep"  # recorded, and marked
    REFUSE = "refuse"  # rejected, and kept for review


class OnUnknown(StrEnum):
    """What becomes of an event that the plan does not name."""

    KEEP = "keep"  # recorded
    MARK = "mark"  # recorded, and marked
    REFUSE = "refuse"  # rejected, and kept for review


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the plan says against a message. refused: it is not to be recorded."""

    violations: tuple[Problem, ...] = ()
    refused: bool = False


FINE = Verdict()


class Checked:
    """What an object, `properties` or `traits`, must be like."""

    __slots__ = ("_of", "_schema", "_validator")

    def __init__(self, of: str, schema: Schema) -> None:
        self._of = of
        self._schema = schema
        self._validator = Draft202012Validator(schema, pattern_options=LINEAR, validate_formats=True)

    def problems(self, value: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with an object; at most VIOLATIONS_MAX."""
        try:
            if self._validator.is_valid(value):
                return []
        except ValueError:
            # A value that JSON writes as text, such as a time: checked as it is stored.
            value = orjson.loads(orjson.dumps(value))
        found: list[Problem] = []
        for error in self._validator.iter_errors(value):
            found += problems_of(error, self._of, self._schema)
            if len(found) >= VIOLATIONS_MAX:
                break
        return found[:VIOLATIONS_MAX]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an event, or a statement, must be like. None: anything goes."""

    properties: Checked | None
    traits: Checked | None
    on_violation: OnViolation


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    """events: by name. others: what events must be like that are not named. statements: the same of identifies."""

    events: Mapping[str, Expected]
    others: Expected
    statements: Expected
    unknown_events: OnUnknown

    def judge(self, message: Message) -> Verdict:
        """What the plan says against a message."""
        unknown = False
        if message.type is MessageType.TRACK:
            expected = self.events.get(message.name)
            if expected is None:
                expected, unknown = self.others, self.unknown_events is not OnUnknown.KEEP
        else:
            expected = self.statements
        found: list[Problem] = []
        if expected.properties is not None and message.type is MessageType.TRACK:
            found = expected.properties.problems(message.properties)
        if expected.traits is not None and message.type is not MessageType.ALIAS:
            # Null unsets: it is no value.
            told = {name: value for name, value in message.traits.items() if value is not None}
            found += expected.traits.problems(told)
        if not found and not unknown:
            return FINE
        refused = bool(found) and expected.on_violation is OnViolation.REFUSE
        if unknown:
            found.insert(0, unknown_event())
            refused = refused or self.unknown_events is OnUnknown.REFUSE
        return Verdict(tuple(found[:VIOLATIONS_MAX]), refused)
