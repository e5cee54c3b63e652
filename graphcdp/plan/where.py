"""A condition on a customer as Cypher: an expression on the variable `c` that is true or false, never null.

Conditions on an event, on the variable `e`, are the same.

Names of properties are parameters too (`c[$where_0]`), so that no text of a
caller ever becomes part of a statement. Meaning: docs/segments.md, rules 1 to 8.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graphcdp.model.predicates import (
    ANY_NAME,
    EventTest,
    Predicate,
    PropertyTest,
    Range,
    ValueTest,
)
from graphcdp.model.statement import Statement
from graphcdp.model.times import reaching_back, time_of

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

_HAS_EVENT = """MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
MATCH (e:Event) USING INDEX e:Event({index})
WHERE e.subject = i.key AND {conditions}"""


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


def event_condition(tests: Sequence[PropertyTest], now: datetime, prefix: str = "where") -> Statement:
    """That an event meets all of these, as a Cypher expression on `e`, an Event node. now, prefix: as `condition`."""
    writer = _Writer(now, prefix)
    text = " AND ".join(writer.event(test) for test in tests) or "true"
    return Statement(text, writer.parameters)


class _Writer:
    """Writes expressions and gathers their parameters."""

    def __init__(self, now: datetime, prefix: str) -> None:
        self._now = now
        self._prefix = prefix
        self.parameters: dict[str, Any] = {}

    def customer(self, node: Predicate) -> str:
        """A node of the tree."""
        if node.all_of is not None:
            return self._joined(node.all_of, " AND ", "true")
        if node.any_of is not None:
            return self._joined(node.any_of, " OR ", "false")
        if node.negated is not None:
            return f"NOT ({self.customer(node.negated)})"
        if node.trait is not None:
            return self._property("c", TRAIT_PREFIX, node.trait)
        if node.did is not None:
            return self._did(node.did)
        if node.in_segment is not None:
            name, value = ("id", node.in_segment.id) if node.in_segment.id else ("key", node.in_segment.key)
            return f"EXISTS {{ (c)-[:IN_SEGMENT]->(:Segment {{{name}: {self._put(value)}}}) }}"
        if node.has_identifier is not None:
            return f"coalesce(c[{self._put(COUNT_PREFIX + node.has_identifier)}] > 0, false)"
        if node.consented is not None:
            return CONSENTED.format(purpose=self._put(node.consented), now=self._put(self._now))
        if node.first_seen is not None:
            return self._seen("c.firstSeen", node.first_seen)
        if node.last_seen is not None:
            return self._seen("c.lastSeen", node.last_seen)
        raise AssertionError("a node has one operator")  # the model lets no other pass

    def event(self, test: PropertyTest) -> str:
        """A condition on a property of an event."""
        return self._property("e", PROPERTY_PREFIX, test)

    def _put(self, value: Any) -> str:
        name = f"{self._prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def _joined(self, nodes: tuple[Predicate, ...], word: str, none: str) -> str:
        return f"({word.join(self.customer(node) for node in nodes)})" if nodes else none

    def _seen(self, time: str, during: Range) -> str:
        return f"coalesce({' AND '.join(self._between(time, during))}, false)"

    def _between(self, time: str, during: Range | None) -> list[str]:
        since, until = (None, None) if during is None else during.bounds(self._now)
        conditions = [] if since is None else [f"{time} >= {self._put(since)}"]
        if until is not None:
            conditions.append(f"{time} < {self._put(until)}")
        return conditions or [f"{time} IS NOT NULL"]

    def _did(self, test: EventTest) -> str:
        least, most = test.bounds
        if least == 0 and most is None:
            return "true"
        conditions = [] if test.event.name == ANY_NAME else [f"e.name = {self._put(test.event.name)}"]
        # The index needs a condition on each of its keys, so `at` has one even when any time will do.
        conditions += self._between("e.at", test.during)
        conditions += [self.event(found) for found in test.event.where or ()]
        events = _HAS_EVENT.format(
            index="subject, at" if test.event.name == ANY_NAME else "subject, name, at",
            conditions=" AND ".join(conditions),
        )
        if most == 0:
            return f"NOT EXISTS {{ {events} }}"
        if (least, most) == (1, None):
            return f"EXISTS {{ {events} }}"
        # Counting stops as soon as the answer is known: histories are long.
        enough = self._put(least if most is None else most + 1)
        counted = f"COUNT {{ {events} RETURN 1 AS one LIMIT {enough} }}"
        if most is None:
            return f"{counted} >= {enough}"
        return f"{counted} IN range({self._put(least)}, {self._put(most)})"

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
        reach = self._put(reaching_back(self._now, operand))
        if operator == "before":
            return when_time(value, f"{time_in(value)} < {reach}")
        return when_time(value, f"{reach} <= {time_in(value)} <= {self._put(self._now)}")

    def _ordered(self, value: str, sign: str, operand: Any) -> str:
        moment = time_of(operand) if isinstance(operand, str) else None
        if moment is None:
            return f"coalesce({value} {sign} {self._put(operand)}, false)"
        return when_time(value, f"{time_in(value)} {sign} {self._put(moment)}")


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
