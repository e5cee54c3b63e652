"""A condition as one line in plain words, for people and logs. Source: docs/conditions.md, rules 8 to 12.

`reading.py` makes the condition of it again.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from graphcdp.model.predicates import (
    ANY_NAME,
    AggregateTest,
    EventMatch,
    EventTest,
    IdentifierTest,
    Measure,
    Predicate,
    PropertyTest,
    Range,
    SegmentName,
    SequenceTest,
    ValueTest,
)
from graphcdp.model.times import duration_parts
from graphcdp.segment.reading import first_words, words

_WORDS_BY_OPERATOR = {
    "eq": "=",
    "neq": "is not",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "contains": "contains",
    "startsWith": "starts with",
}
_WORDS_BY_LENGTH_OPERATOR = {
    "withinLast": "within the last",
    "withinNext": "within the next",
    "before": "longer ago than",
}
_WORDS_BY_MEASURE = {
    Measure.SUM: "sum of",
    Measure.MIN: "minimum of",
    Measure.MAX: "maximum of",
    Measure.AVERAGE: "average of",
    Measure.EVENTS: "number of",
    Measure.DISTINCT: "number of different",
    Measure.FIRST_TIME: "first time of",
    Measure.LAST_TIME: "last time of",
}
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
_BARE = re.compile(r"[^\W\d]\w*(?:[.\-]\w+)*")


def rule_text(rule: Predicate, items_max: int | None = None) -> str:
    """The condition in words: `plan = "pro" and did "Order Completed" at least 2 times in the last 30 days`.

    items_max: of longer lists only so many are shown; such a text cannot be read back.
    """
    return _Words(items_max).condition(rule, inside=False)


class _Words:
    def __init__(self, items_max: int | None) -> None:
        self._items_max = items_max
        self._by_operator: dict[str, Callable[[Any], str]] = {
            "negated": lambda node: f"not {self.condition(node, inside=True)}",
            "trait": self._property,
            "did": self._did,
            "did_in_order": self._did_in_order,
            "aggregate": self._aggregate,
            "in_segment": _in_segment,
            "has_identifier": lambda kind: f"has identifier {_name(kind)}",
            "identifiers": _identifiers,
            "consented": lambda purpose: f"consented to {_name(purpose)}",
            "first_seen": partial(_seen, "first"),
            "last_seen": partial(_seen, "last"),
        }

    def condition(self, node: Predicate, *, inside: bool) -> str:
        """inside: the words become a part of a longer condition, so that a list of parts needs parentheses."""
        if node.all_of is not None:
            return self._joined(node.all_of, "and", "everyone", inside=inside)
        if node.any_of is not None:
            return self._joined(node.any_of, "or", "nobody", inside=inside)
        name, part = node.operator
        return self._by_operator[name](part)

    def _joined(self, nodes: Sequence[Predicate], word: str, none: str, *, inside: bool) -> str:
        if not nodes:
            return none
        if len(nodes) == 1:
            return self.condition(nodes[0], inside=inside)
        text = f" {word} ".join(self.condition(node, inside=True) for node in nodes)
        return f"({text})" if inside else text

    def _property(self, test: PropertyTest) -> str:
        return f"{_path(test.path)} {self._value(test.is_)}"

    def _value(self, test: ValueTest) -> str:
        operator, operand = test.operator
        if operator == "exists":
            return "has a value" if operand else "has no value"
        if operator == "in":
            return f"in ({self._items(operand)})"
        if operator in _WORDS_BY_LENGTH_OPERATOR:
            return f"{_WORDS_BY_LENGTH_OPERATOR[operator]} {_length(operand)}"
        return f"{_WORDS_BY_OPERATOR[operator]} {_literal(operand)}"

    def _items(self, items: Sequence[Any]) -> str:
        shown = ", ".join(_literal(item) for item in items[: self._items_max])
        more = 0 if self._items_max is None else len(items) - self._items_max
        return f"{shown}, and {more} more" if more > 0 else shown

    def _event(self, event: EventMatch) -> str:
        name = "anything" if event.name == ANY_NAME else _literal(event.name)
        where = " and ".join(self._property(condition) for condition in event.where or ())
        if not where:
            return name
        return f"{name} with ({where})" if len(event.where or ()) > 1 else f"{name} with {where}"

    def _did(self, test: EventTest) -> str:
        least, most = test.bounds
        event, during = self._event(test.event), _during(test.during)
        if most == 0:
            return f"did not do {event}{during}"
        count = _count(least, most)
        times = f" {count} {_plural(least if most is None else most, 'time')}" if count else ""
        return f"did {event}{times}{during}"

    def _did_in_order(self, test: SequenceTest) -> str:
        steps = " then ".join(self._event(step) for step in test.steps)
        within = "" if test.within is None else f" within {_length(test.within)}"
        without = "" if test.without is None else f" without {self._event(test.without)} between"
        return f"did {steps}{within}{without}{_during(test.during)}"

    def _aggregate(self, test: AggregateTest) -> str:
        of = "" if test.property_ is None else f"{_path(test.property_)} over "
        event = f"{_WORDS_BY_MEASURE[test.measure]} {of}{self._event(test.event)}"
        return f"{event}{_during(test.during)} {self._value(test.is_)}"


def _in_segment(named: SegmentName) -> str:
    return f"in segment {_name(named.key)}" if named.key else f"in segment with id {_name(named.id or '')}"


def _identifiers(test: IdentifierTest) -> str:
    least, most = test.bounds
    kind = _name(test.kind)
    if most == 0:
        return f"has no {kind} identifier"
    count = _count(least, most)
    if not count:
        return f"has identifier {kind}"
    return f"has {count} {kind} {_plural(least if most is None else most, 'identifier')}"


def _seen(which: str, during: Range) -> str:
    return f"{which} seen{_during(during) or ' at any time'}"


def _count(least: int, most: int | None) -> str:
    """Nothing for at least one."""
    if (least, most) == (1, None):
        return ""
    if most is None:
        return f"at least {least}"
    if least == most:
        return f"exactly {least}"
    return f"at most {most}" if least == 0 else f"from {least} to {most}"


def _during(during: Range | None) -> str:
    if during is None:
        return ""
    parts = []
    if during.since is not None:
        parts.append(f" since {_moment(during.since)}")
    if during.until is not None:
        parts.append(f" before {_moment(during.until)}")
    if during.within is not None:
        parts.append(f" in the last {_length(during.within)}")
    return "".join(parts)


def _length(duration: str) -> str:
    parts = zip(duration_parts(duration), _UNITS, strict=True)
    return " ".join(f"{number} {_plural(number, unit)}" for number, unit in parts if number)


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _moment(value: datetime) -> str:
    if not (value.hour or value.minute or value.second or value.microsecond):
        return value.date().isoformat()
    return value.isoformat().replace("+00:00", "Z")


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) and name not in words() else _literal(name)


def _path(path: str) -> str:
    return path if _BARE.fullmatch(path) and path not in first_words() else _literal(path)


def _literal(value: Any) -> str:
    return orjson.dumps(value).decode()
