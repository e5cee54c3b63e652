"""Conditions on customers: a tree whose every node is exactly one operator. Source: docs/segments.md.

The tree has the shape that callers send and the graph stores, so that one
model reads, checks and writes it:

    {"all": [{"trait": {"path": "plan", "is": {"eq": "pro"}}},
             {"did": {"event": {"name": "Order Completed"}, "times": {"atLeast": 2}}}]}

Start with `parse_predicate`. What a condition means is in `graphcdp.plan.where`,
how it reads in words in `graphcdp.segment.wording`. The parts that nodes consist of are
in conditions.py and histories.py, and can be had from here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from graphcdp.model.conditions import (
    ANY_NAME,
    IN_MAX,
    PATH_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TIMED_OPERATORS,
    TIMES_MAX,
    WHERE_MAX,
    ConditionPart,
    EventConditions,
    EventMatch,
    EventTest,
    IdentifierTest,
    Kind,
    Name,
    OneOf,
    PropertyTest,
    Purpose,
    Range,
    Times,
    ValueTest,
)
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.histories import AggregateTest, Measure, SequenceTest

__all__ = [
    "ANY_NAME",
    "IN_MAX",
    "LEVELS_MAX",
    "NODES_MAX",
    "PATH_LENGTH_MAX",
    "TEXT_LENGTH_MAX",
    "TIMED_OPERATORS",
    "TIMES_MAX",
    "WHERE_MAX",
    "AggregateTest",
    "BadPredicateError",
    "EventConditions",
    "EventMatch",
    "EventTest",
    "IdentifierTest",
    "Measure",
    "Predicate",
    "PropertyTest",
    "Range",
    "SegmentName",
    "SequenceTest",
    "Times",
    "ValueTest",
    "parse_event_conditions",
    "parse_predicate",
    "parse_segment_name",
]

NODES_MAX = 50
LEVELS_MAX = 8

_BRANCHES = frozenset(("all_of", "any_of", "negated"))

Part = TypeVar("Part", bound=ConditionPart)


class BadPredicateError(InvalidReferenceError):
    """A condition that cannot be used; `expected` is what would be acceptable at `path`."""

    def __init__(self, message: str, path: tuple[str, ...], expected: str) -> None:
        super().__init__(message, path)
        self.expected = expected


class SegmentName(OneOf):
    """How a rule names a segment."""

    id: Name | None = None
    key: Name | None = None


class Predicate(OneOf):
    """A condition on a customer."""

    model_config = ConfigDict(title="CustomerPredicate")
    branches: ClassVar[tuple[str, ...]] = ("all", "any", "not")

    all_of: tuple["Predicate", ...] | None = Field(None, alias="all", strict=False)
    any_of: tuple["Predicate", ...] | None = Field(None, alias="any", strict=False)
    negated: "Predicate | None" = Field(None, alias="not")
    trait: PropertyTest | None = None
    did: EventTest | None = None
    did_in_order: SequenceTest | None = Field(None, alias="didInOrder")
    aggregate: AggregateTest | None = None
    in_segment: SegmentName | None = Field(None, alias="inSegment")
    has_identifier: Kind | None = Field(None, alias="hasIdentifier")
    identifiers: IdentifierTest | None = None
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

    def may_become(self, of_leaf: Callable[["Predicate"], frozenset[bool]]) -> frozenset[bool]:
        """What may become of it: true, false, both or neither. of_leaf: the same of a node without branches."""
        if self.negated is not None:
            return frozenset(not value for value in self.negated.may_become(of_leaf))
        branches = self.all_of if self.all_of is not None else self.any_of
        if branches is not None:
            return frozenset[bool]().union(*(branch.may_become(of_leaf) for branch in branches))
        return of_leaf(self)

    def segments(self) -> list[tuple[tuple[str, ...], SegmentName]]:
        """The segments that the condition names, each with the path to its name."""
        return [((*path, "inSegment"), node.in_segment) for path, node in self.walk() if node.in_segment is not None]

    @property
    def operator(self) -> tuple[str, Any]:
        """The operator's field and its part."""
        name = next(iter(self.model_fields_set))
        return name, getattr(self, name)

    @property
    def events(self) -> tuple[EventMatch, ...]:
        """Which events this node looks at, without those below it."""
        if self.did is not None:
            return (self.did.event,)
        if self.aggregate is not None:
            return (self.aggregate.event,)
        return () if self.did_in_order is None else self.did_in_order.events

    @property
    def asks_values(self) -> bool:
        """Does it depend on values of traits, or of properties of events?"""
        return any(
            node.trait is not None
            or (node.aggregate is not None and node.aggregate.asks_values)
            or any(event.where for event in node.events)
            for _, node in self.walk()
        )

    @property
    def depends_on_time(self) -> bool:
        """Whether time alone can change who meets it, apart from the segments that it names."""
        # A consent may run out.
        return any(
            node.consented is not None or getattr(node.operator[1], "depends_on_time", False)
            for _, node in self.walk()
            if node.operator[0] not in _BRANCHES
        )


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
    context = error.get("ctx", {})
    inner = tuple(str(part) for part in (*error["loc"], *context.get("at", ())))
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
    "too_short": "at least {min_length} items",
    "enum": "one of {expected}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
