"""A condition as one line in plain words, for people and logs."""

from datetime import datetime
from typing import Any

import orjson

from graphcdp.model.predicates import ANY_NAME, EventTest, Predicate, PropertyTest, Range, ValueTest
from graphcdp.model.times import duration_parts

ITEMS_SHOWN_MAX = 10

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
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def rule_text(rule: Predicate) -> str:
    """The condition in words: `plan = "pro" and did "Order Completed" at least 2 times in the last 30 days`."""
    return _words(rule, inside=False)


def _words(node: Predicate, *, inside: bool) -> str:
    """inside: the words become a part of a longer condition, so that a list of parts needs parentheses."""
    if node.all_of is not None:
        return _joined(node.all_of, "and", "everyone", inside=inside)
    if node.any_of is not None:
        return _joined(node.any_of, "or", "nobody", inside=inside)
    if node.negated is not None:
        return f"not {_words(node.negated, inside=True)}"
    if node.trait is not None:
        return _property(node.trait)
    if node.did is not None:
        return _did(node.did)
    if node.in_segment is not None:
        return f"in segment {node.in_segment.key or node.in_segment.id}"
    if node.has_identifier is not None:
        return f"has identifier {node.has_identifier}"
    if node.consented is not None:
        return f"consented to {node.consented}"
    if node.first_seen is not None:
        return f"first seen{_during(node.first_seen) or ' at any time'}"
    if node.last_seen is not None:
        return f"last seen{_during(node.last_seen) or ' at any time'}"
    raise AssertionError("a node has one operator")  # the model lets no other pass


def _joined(nodes: tuple[Predicate, ...], word: str, none: str, *, inside: bool) -> str:
    if not nodes:
        return none
    if len(nodes) == 1:
        return _words(nodes[0], inside=inside)
    text = f" {word} ".join(_words(node, inside=True) for node in nodes)
    return f"({text})" if inside else text


def _property(test: PropertyTest) -> str:
    return f"{test.path} {_value(test.is_)}"


def _value(test: ValueTest) -> str:
    operator, operand = test.operator
    if operator == "exists":
        return "has a value" if operand else "has no value"
    if operator == "in":
        shown = ", ".join(_literal(item) for item in operand[:ITEMS_SHOWN_MAX])
        more = len(operand) - ITEMS_SHOWN_MAX
        return f"in ({shown}, and {more} more)" if more > 0 else f"in ({shown})"
    if operator == "withinLast":
        return f"within the last {_length(operand)}"
    if operator == "before":
        return f"longer ago than {_length(operand)}"
    return f"{_WORDS_BY_OPERATOR[operator]} {_literal(operand)}"


def _did(test: EventTest) -> str:
    least, most = test.bounds
    never = most == 0
    name = "anything" if test.event.name == ANY_NAME else _literal(test.event.name)
    where = " and ".join(_property(condition) for condition in test.event.where or ())
    return (
        f"{'did not do' if never else 'did'} {name}"
        + (f" with {where}" if where else "")
        + ("" if never else _times(least, most))
        + ("" if test.during is None else _during(test.during))
    )


def _times(least: int, most: int | None) -> str:
    if (least, most) == (1, None):
        return ""
    if most is None:
        return f" at least {_counted(least, 'time')}"
    if least == most:
        return f" exactly {_counted(least, 'time')}"
    if least == 0:
        return f" at most {_counted(most, 'time')}"
    return f" {least} to {_counted(most, 'time')}"


def _during(during: Range) -> str:
    parts = []
    if during.since is not None:
        parts.append(f"since {_moment(during.since)}")
    if during.until is not None:
        parts.append(f"before {_moment(during.until)}")
    if during.within is not None:
        parts.append(f"in the last {_length(during.within)}")
    return "".join(f" {part}" for part in parts)


def _length(duration: str) -> str:
    parts = zip(duration_parts(duration), _UNITS, strict=True)
    return " ".join(_counted(number, unit) for number, unit in parts if number)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _moment(value: datetime) -> str:
    if not (value.hour or value.minute or value.second or value.microsecond):
        return value.date().isoformat()
    return value.isoformat().replace("+00:00", "Z")


def _literal(value: Any) -> str:
    return orjson.dumps(value).decode()
