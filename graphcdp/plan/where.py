"""A condition on a customer as Cypher: an expression on the variable `c` that is true or false, never null.

Conditions on an event, on the variable `e`, are the same.

Names of properties are parameters too (`c[$where_0]`), so that no text of a
caller ever becomes part of a statement. Meaning: docs/segments.md, rules 1 to 8, and docs/conditions.md.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from graphcdp.model.histories import TIMES
from graphcdp.model.predicates import (
    ANY_NAME,
    AggregateTest,
    EventMatch,
    EventTest,
    IdentifierTest,
    Predicate,
    PropertyTest,
    Range,
    SegmentName,
    SequenceTest,
    ValueTest,
)
from graphcdp.model.statement import Statement
from graphcdp.model.times import reaching_ahead, reaching_back, time_of
from graphcdp.plan import histories

TRAIT_PREFIX = "traits."
PROPERTY_PREFIX = "properties."
COUNT_PREFIX = "count."

_SIGN = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

_DATE = (
    "(?!0000)(?:"
    "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|[0-9]{4}-(?:0[13-9]|1[0-2])-(?:29|30)"
    "|[0-9]{4}-(?:0[13578]|1[02])-31"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
_CLOCK = (
    "[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?"
    "(?:[Zz]|[+-](?:(?:0[0-9]|1[0-7]):[0-5][0-9]|18:00))"
)
_RFC_3339 = f"{_DATE}(?:{_CLOCK})?"
"""Exactly the text that Cypher's datetime() takes without failing the statement, of RFC 3339."""

_HAS_EVENT = """MATCH (c)<-[:IDENTIFIES]-(i) WHERE {near}
MATCH (e:Event) USING INDEX SEEK e:Event({index})
WHERE e.subject = i.key AND {conditions}"""
# Who has no events in the range is not looked up in the index: most identifiers of a customer are such.
# Neither a label on `i` nor a hint that a scan would satisfy: with a plan made for an empty database each customer
# would be looked for among all identifiers, or all events.


CONSENTED = """COLLECT {{
MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(k:Consent {{purpose: {purpose}}})
RETURN k.granted AND (k.expiresAt IS NULL OR k.expiresAt > {now}) AS holds
ORDER BY k.at DESC, k.granted, k.expiresAt LIMIT 1
}} = [true]"""
"""Whether what `c` decided last on a purpose is a grant that has not run out."""


def condition(predicate: Predicate, now: datetime, prefix: str = "where") -> Statement:
    """The condition as a Cypher expression on `c`, a Customer node.

    now: what durations reach back from. prefix: of the parameters' names;
    different ones let several conditions stand in one statement.
    """
    writer = _Writer(now, prefix)
    text = writer.customer(predicate)
    return Statement(text, writer.parameters)


def condition_of_row(predicate: Predicate, now: datetime) -> Statement:
    """As `condition`, but the values are those of a map, the variable `rule`, which may be another one in each row.

    Conditions that differ in values alone have the same text.
    """
    writer = _Writer(now, "where", "rule.")
    text = writer.customer(predicate)
    return Statement(text, writer.parameters)


def event_condition(
    tests: Sequence[PropertyTest], now: datetime, prefix: str = "where", holder: str = "$"
) -> Statement:
    """That an event meets all of these, as a Cypher expression on `e`, an Event node. now, prefix: as `condition`.

    holder: `rule.` when the values are those of a map, as in `condition_of_row`.
    """
    writer = _Writer(now, prefix, holder)
    text = " AND ".join(writer.event(test) for test in tests) or "true"
    return Statement(text, writer.parameters)


def events_condition(event: EventMatch, during: Range | None, now: datetime, prefix: str = "where") -> Statement:
    """That an event `e` is one that is meant, in the range; for the index on name and time. now, prefix: as above."""
    writer = _Writer(now, prefix)
    text = writer.meant(event, during)
    return Statement(text, writer.parameters)


class _Writer:
    """Writes expressions and gathers their parameters."""

    def __init__(self, now: datetime, prefix: str, holder: str = "$") -> None:
        self._now = now
        self._prefix = prefix
        self._holder = holder
        self.parameters: dict[str, Any] = {}
        self._by_operator: dict[str, Callable[[Any], str]] = {
            "all_of": lambda nodes: self._joined(nodes, " AND ", "true"),
            "any_of": lambda nodes: self._joined(nodes, " OR ", "false"),
            "negated": lambda node: f"NOT ({self.customer(node)})",
            "trait": lambda test: self._property("c", TRAIT_PREFIX, test),
            "did": self._did,
            "did_in_order": self._did_in_order,
            "aggregate": self._aggregate,
            "in_segment": self._in_segment,
            "has_identifier": lambda kind: f"coalesce(c[{self._put(COUNT_PREFIX + kind)}] > 0, false)",
            "identifiers": self._identifiers,
            "consented": lambda purpose: CONSENTED.format(purpose=self._put(purpose), now=self._put(self._now)),
            "first_seen": lambda during: self._seen("c.firstSeen", during),
            "last_seen": lambda during: self._seen("c.lastSeen", during),
        }

    def customer(self, node: Predicate) -> str:
        """A node of the tree."""
        name, part = node.operator
        return self._by_operator[name](part)

    def event(self, test: PropertyTest) -> str:
        """A condition on a property of an event."""
        return self._property("e", PROPERTY_PREFIX, test)

    def meant(self, event: EventMatch, during: Range | None) -> str:
        """That `e` is such an event, in the range."""
        names = [] if event.name == ANY_NAME else [f"e.name = {self._put(event.name)}"]
        at = _between("e.at", *self._bounds(during))
        return " AND ".join([*names, *at, *(self.event(found) for found in event.where or ())])

    def _put(self, value: Any) -> str:
        name = f"{self._prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        return f"{self._holder}{name}"

    def _joined(self, nodes: tuple[Predicate, ...], word: str, none: str) -> str:
        return f"({word.join(self.customer(node) for node in nodes)})" if nodes else none

    def _in_segment(self, named: SegmentName) -> str:
        name, value = ("id", named.id) if named.id else ("key", named.key)
        return f"EXISTS {{ (c)-[:IN_SEGMENT]->(:Segment {{{name}: {self._put(value)}}}) }}"

    def _identifiers(self, test: IdentifierTest) -> str:
        least, most = test.bounds
        count = f"coalesce(c[{self._put(COUNT_PREFIX + test.kind)}], 0)"
        if most is None:
            return f"{count} >= {self._put(least)}"
        return f"{self._put(least)} <= {count} <= {self._put(most)}"

    def _seen(self, time: str, during: Range) -> str:
        return f"coalesce({' AND '.join(_between(time, *self._bounds(during)))}, false)"

    def _bounds(self, during: Range | None) -> tuple[str | None, str | None]:
        """Parameters of the first moment in the range and of the first after it; None for no bound."""
        since, until = (None, None) if during is None else during.bounds(self._now)
        return None if since is None else self._put(since), None if until is None else self._put(until)

    def _did(self, test: EventTest) -> str:
        least, most = test.bounds
        if least == 0 and most is None:
            return "true"
        events = self._events(test.event, test.during)
        if most == 0:
            return f"NOT EXISTS {{ {events} }}"
        if (least, most) == (1, None):
            return f"EXISTS {{ {events} }}"
        counted = f"COUNT {{ {events} RETURN 1 AS one LIMIT {few_limits(least if most is None else most + 1)} }}"
        if most is None:
            return f"{counted} >= {self._put(least)}"
        return f"{counted} IN range({self._put(least)}, {self._put(most)})"

    def _events(self, event: EventMatch, during: Range | None) -> str:
        names = [] if event.name == ANY_NAME else [f"e.name = {self._put(event.name)}"]
        return self._walked(names, during, [self.event(found) for found in event.where or ()])

    def _walked(self, names: Sequence[str], during: Range | None, where: Sequence[str]) -> str:
        """Clauses that bind `e` to each event of the customer in a stretch of time that has such a name."""
        since, until = self._bounds(during)
        near = ["i.lastEventAt IS NOT NULL" if since is None else f"i.lastEventAt >= {since}"]
        near += [] if until is None else [f"i.firstEventAt < {until}"]
        # The index needs a condition on each of its keys, so `at` has one even when any time will do.
        return _HAS_EVENT.format(
            near=" AND ".join(near),
            index="subject, name, at" if names else "subject, at",
            conditions=" AND ".join([*names, *_between("e.at", since, until), *where]),
        )

    def _aggregate(self, test: AggregateTest) -> str:
        events = self._events(test.event, test.during)
        of = "" if test.property_ is None else f"e[{self._put(PROPERTY_PREFIX + test.property_)}]"
        tested = self._moment(histories.VALUE, test.is_) if test.measure in TIMES else ""
        return histories.aggregate(events, test.measure, of, tested or self._value(histories.VALUE, test.is_))

    def _moment(self, value: str, test: ValueTest) -> str:
        """A test on a time that is no text."""
        operator, operand = test.operator
        if operator == "exists":
            return self._value(value, test)
        if operator in _SIGN:
            return f"coalesce({value} {_SIGN[operator]} {self._put(time_of(operand))}, false)"
        return f"coalesce({self._timed(value, operator, operand)}, false)"

    def _did_in_order(self, test: SequenceTest) -> str:
        names = sorted({event.name for event in test.events})
        anything = ANY_NAME in names
        events = self._walked([] if anything else [f"e.name IN {self._put(names)}"], test.during, ())
        return histories.sequence(
            events,
            [self._match(step) for step in test.steps],
            None if test.without is None else self._match(test.without),
            None if test.within is None else self._put(test.within),
        )

    def _match(self, event: EventMatch) -> str:
        conditions = [] if event.name == ANY_NAME else [f"e.name = {self._put(event.name)}"]
        conditions += [self.event(found) for found in event.where or ()]
        return " AND ".join(conditions) or "true"

    def _property(self, variable: str, prefix: str, test: PropertyTest) -> str:
        return self._value(f"{variable}[{self._put(prefix + test.path)}]", test.is_)

    def _value(self, value: str, test: ValueTest) -> str:
        operator, operand = test.operator
        if operator == "exists":
            return f"{value} IS NOT NULL" if operand else f"{value} IS NULL"
        if operator == "eq":
            return f"coalesce({value} = {self._put(operand)}, false)"
        if operator == "neq":
            return f"coalesce({_is_like(value, operand)} AND {value} <> {self._put(operand)}, false)"
        if operator == "in":
            return f"coalesce({value} IN {self._put(list(operand))}, false)"
        if operator in _SIGN:
            return self._ordered(value, _SIGN[operator], operand)
        if operator == "startsWith":
            return f"coalesce({value} STARTS WITH {self._put(operand)}, false)"
        if operator == "contains":
            wanted = self._put(operand)
            return (
                f"CASE WHEN {value} IS :: STRING NOT NULL THEN toLower({value}) CONTAINS toLower({wanted}) "
                f"WHEN {value} IS :: LIST<STRING NOT NULL> NOT NULL THEN {wanted} IN {value} ELSE false END"
            )
        return when_time(value, self._timed(time_in(value), operator, operand))

    def _timed(self, time: str, operator: str, length: str) -> str:
        """A time compared with now."""
        if operator == "withinNext":
            return f"{self._put(self._now)} <= {time} <= {self._put(reaching_ahead(self._now, length))}"
        reach = self._put(reaching_back(self._now, length))
        return f"{time} < {reach}" if operator == "before" else f"{reach} <= {time} <= {self._put(self._now)}"

    def _ordered(self, value: str, sign: str, operand: Any) -> str:
        moment = time_of(operand) if isinstance(operand, str) else None
        if moment is None:
            return f"coalesce({value} {sign} {self._put(operand)}, false)"
        return when_time(value, f"{time_in(value)} {sign} {self._put(moment)}")


def _between(time: str, since: str | None, until: str | None) -> list[str]:
    """That a time is in a range. since, until: parameters."""
    conditions = [] if since is None else [f"{time} >= {since}"]
    if until is not None:
        conditions.append(f"{time} < {until}")
    return conditions or [f"{time} IS NOT NULL"]


def few_limits(number: int) -> int:
    """After how many one may stop counting: histories are long.

    A power of two, not the number itself, since a limit cannot come from a row
    and stands in the text: few texts, and few plans of them.
    """
    return 1 << max(0, number - 1).bit_length()


def _is_like(value: str, operand: Any) -> str:
    """That the value is of the operand's type."""
    if isinstance(operand, str):
        return f"{value} IS :: STRING NOT NULL"
    if isinstance(operand, bool):
        return f"{value} IS :: BOOLEAN NOT NULL"
    return f"{value} IS :: INTEGER NOT NULL | FLOAT NOT NULL"


def when_time(value: str, then: str, other: str = "false") -> str:
    """An expression where the value is text that states a time; another one where it is none."""
    # Only CASE keeps datetime() from being evaluated on other text, on which it would fail the statement.
    return f"CASE WHEN {value} IS :: STRING NOT NULL AND {value} =~ '{_RFC_3339}' THEN {then} ELSE {other} END"


def time_in(value: str) -> str:
    """The moment that text states, in UTC."""
    # A date alone would be in the time zone of the database's settings. And among times of the same moment
    # Neo4j orders by offset, so all are brought to the same one.
    text = f"CASE WHEN size({value}) = 10 THEN {value} + 'T00:00Z' ELSE {value} END"
    return f"datetime({{datetime: datetime({text}), timezone: 'Z'}})"
