"""A condition written as one line -> the condition. Source: docs/conditions.md, rules 8 to 12.

What may be written is in rules.lark. What a part may hold is not asked here but
by the model, whose complaints are led back to their place in the text.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import orjson
from lark import Lark, Token, Transformer_NonRecursive, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError
from lark.lexer import PatternStr
from lark.tree import Meta

from graphcdp.model.predicates import ANY_NAME, BadPredicateError, Measure, Predicate, parse_predicate

RULE_TEXT_LENGTH_MAX = 100_000
NUMBER_LENGTH_MAX = 400
_SHOWN_BEFORE, _SHOWN_AFTER = 50, 30

_UNITS = {"year": "Y", "month": "M", "week": "W", "day": "D", "hour": "H", "minute": "M", "second": "S"}
_KINDS_OF_WORDS = {
    "NAME": "a name",
    "TEXT": "text in double quotes",
    "NUMBER": "a number",
    "MOMENT": "a time such as 2026-01-31 or 2026-01-31T09:30:00Z",
    "UNIT": "a unit of time, year to second",
    "$END": "the end",
}


class BadRuleTextError(BadPredicateError):
    """A text that states no condition; line and column, from 1, are where; the last part of `path` is both."""

    def __init__(self, text: str, at: int, reason: str, path: tuple[str, ...], expected: str) -> None:
        at = min(at, len(text))
        start = text.rfind("\n", 0, at) + 1
        self.line = text.count("\n", 0, at) + 1
        self.column = at - start + 1
        super().__init__(
            f"Line {self.line}, column {self.column}: {reason}\n{_pointed(text, start, at)}",
            (*path, f"{self.line}:{self.column}"),
            expected,
        )


def parse_rule_text(text: str, path: Sequence[str] = ()) -> Predicate:
    """The condition that the text states, in its normal form (docs/conditions.md, rule 12).

    path: where the text stands in the caller's input. Raises BadRuleTextError
    at the first place that cannot be used.
    """
    here = tuple(path)
    if len(text) > RULE_TEXT_LENGTH_MAX:
        expected = f"at most {RULE_TEXT_LENGTH_MAX} characters"
        reason = f"the text is too long: expected {expected}; send the rule as JSON."
        raise BadRuleTextError(text, 0, reason, here, expected)
    try:
        tree = _grammar().parse(text)
        reader = _Reader()
        stated = reader.transform(tree)
    except UnexpectedInput as error:
        raise _not_read(text, error, here) from error
    except VisitError as error:
        if isinstance(error.orig_exc, _MisreadError):
            wrong = error.orig_exc
            raise BadRuleTextError(text, wrong.at, f"expected {wrong.expected}.", here, wrong.expected) from error
        raise
    try:
        return parse_predicate(stated)
    except BadPredicateError as error:
        raise BadRuleTextError(text, reader.place(stated, error.path), str(error), here, error.expected) from error


@cache
def words() -> frozenset[str]:
    """The words of the language; a name that is one of them stands in quotes."""
    return _words(terminal.name for terminal in _grammar().terminals)


@cache
def first_words() -> frozenset[str]:
    """Those that a condition may begin with; of paths only these stand in quotes."""
    return _words(_grammar().parse_interactive("").accepts())  # type: ignore[no-untyped-call]


def _words(terminals: Iterable[str]) -> frozenset[str]:
    patterns = [_grammar().get_terminal(name).pattern for name in terminals]
    return frozenset(one.value for one in patterns if isinstance(one, PatternStr) and one.value.isalpha())


@cache
def _grammar() -> Lark:
    return Lark.open("rules.lark", rel_to=__file__, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _not_read(text: str, error: UnexpectedInput, path: tuple[str, ...]) -> BadRuleTextError:
    at = len(text) if error.pos_in_stream is None or _is_end(error) else error.pos_in_stream
    so_far = _grammar().parse_interactive(text[:at])
    so_far.exhaust_lexer()
    words = sorted(_named(name) for name in so_far.accepts())  # type: ignore[no-untyped-call]
    expected = words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    found = "" if at >= len(text) else f", not {text[at : at + 20].split()[0] if text[at].strip() else 'a space'!r}"
    return BadRuleTextError(text, at, f"expected {expected}{found}.", path, expected)


def _is_end(error: UnexpectedInput) -> bool:
    return isinstance(error, UnexpectedToken) and error.token.type == "$END"


def _named(terminal: str) -> str:
    if terminal in _KINDS_OF_WORDS:
        return _KINDS_OF_WORDS[terminal]
    return f"`{_grammar().get_terminal(terminal).pattern.value}`"


def _pointed(text: str, start: int, at: int) -> str:
    """The part of the line around the place, with a mark below."""
    end = text.find("\n", start)
    line = text[start : len(text) if end < 0 else end].replace("\t", " ").replace("\r", " ")
    column = at - start
    first = max(0, column - _SHOWN_BEFORE)
    left, right = "…" if first else "", "…" if len(line) > column + _SHOWN_AFTER else ""
    return f"  {left}{line[first : column + _SHOWN_AFTER]}{right}\n  {' ' * (len(left) + column - first)}^"


class _MisreadError(Exception):
    def __init__(self, at: int, expected: str) -> None:
        super().__init__(expected)
        self.at = at
        self.expected = expected


def _aggregate(measure: Measure, *, of_property: bool) -> Any:
    def read(self: "_Reader", meta: Meta, parts: list[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"measure": measure.value}
        if of_property:
            found["property"] = parts[0]
        found |= {"event": parts[1 if of_property else 0], "is": parts[-1]}
        during = self._during(parts[2 if of_property else 1 : -1])
        return self._placed(meta, "aggregate", found | ({"during": during} if during else {}))

    return read


def _test(operator: str) -> Any:
    def read(self: "_Reader", meta: Meta, parts: list[Any]) -> dict[str, Any]:
        return self._placed(meta, operator, parts[0])

    return read


@v_args(meta=True)
class _Reader(Transformer_NonRecursive[Token, Any]):
    """Makes JSON values of what was read, and remembers where each object of them stands."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, int] = {}

    def place(self, stated: Any, path: Sequence[str]) -> int:
        """Where in the text the innermost object on the path begins that stands there."""
        at = 0
        for part in (None, *path):
            if isinstance(stated, dict) and part is not None:
                stated = stated.get(part)
            elif isinstance(stated, list) and part is not None and int(part) < len(stated):
                stated = stated[int(part)]
            at = self._places.get(id(stated), at)
        return at

    def _placed(self, meta: Meta, name: str, part: Any) -> dict[str, Any]:
        found = {name: part}
        return self._kept(meta, found)

    def _kept(self, meta: Meta, found: dict[str, Any]) -> dict[str, Any]:
        self._places[id(found)] = meta.start_pos
        return found

    def start(self, meta: Meta, parts: list[Any]) -> Any:
        return parts[0]

    def any_of(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "any", parts)

    def all_of(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "all", parts)

    negated = _test("not")
    trait = _test("trait")
    has_identifier = _test("hasIdentifier")
    consented = _test("consented")

    def everyone(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "all", [])

    def nobody(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "any", [])

    def in_segment(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "inSegment", {"key": parts[0]})

    def in_segment_with_id(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "inSegment", {"id": parts[0]})

    def has_identifiers(self, meta: Meta, parts: list[Any]) -> Any:
        times, kind = parts
        if not times:
            return self._placed(meta, "hasIdentifier", kind)
        return self._placed(meta, "identifiers", {"kind": kind, "times": times})

    def has_no_identifier(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "identifiers", {"kind": parts[0], "times": {"atMost": 0}})

    def first_seen(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "firstSeen", self._during(parts))

    def last_seen(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "lastSeen", self._during(parts))

    def did(self, meta: Meta, parts: list[Any]) -> Any:
        found: dict[str, Any] = {"event": parts[0]}
        ranges = parts[1:]
        if ranges and isinstance(ranges[0], dict):
            if ranges[0]:
                found["times"] = ranges[0]
            ranges = ranges[1:]
        during = self._during(ranges)
        return self._placed(meta, "did", found | ({"during": during} if during else {}))

    def did_not(self, meta: Meta, parts: list[Any]) -> Any:
        during = self._during(parts[1:])
        found = {"event": parts[0], "times": {"atMost": 0}}
        return self._placed(meta, "did", found | ({"during": during} if during else {}))

    def in_order(self, meta: Meta, parts: list[Any]) -> Any:
        steps = [part for part in parts if isinstance(part, dict)]
        others: dict[str, Any] = dict(
            part[:2] for part in parts if isinstance(part, tuple) and part[0] in ("spread", "without")
        )
        found: dict[str, Any] = {"steps": steps}
        if "spread" in others:
            found["within"] = others["spread"]
        if "without" in others:
            found["without"] = others["without"]
        during = self._during([part for part in parts if isinstance(part, tuple) and part[0] not in others])
        return self._placed(meta, "didInOrder", found | ({"during": during} if during else {}))

    def spread(self, meta: Meta, parts: list[Any]) -> Any:
        return "spread", parts[0], meta.start_pos

    def without(self, meta: Meta, parts: list[Any]) -> Any:
        return "without", parts[0], meta.start_pos

    total = _aggregate(Measure.SUM, of_property=True)
    average = _aggregate(Measure.AVERAGE, of_property=True)
    minimum = _aggregate(Measure.MIN, of_property=True)
    maximum = _aggregate(Measure.MAX, of_property=True)
    distinct = _aggregate(Measure.DISTINCT, of_property=True)
    events = _aggregate(Measure.EVENTS, of_property=False)
    first_time = _aggregate(Measure.FIRST_TIME, of_property=False)
    last_time = _aggregate(Measure.LAST_TIME, of_property=False)

    def event(self, meta: Meta, parts: list[Any]) -> Any:
        found: dict[str, Any] = {"name": parts[0]}
        if len(parts) > 1:
            found["where"] = parts[1:]
        return self._kept(meta, found)

    def anything(self, meta: Meta, parts: list[Any]) -> str:
        return ANY_NAME

    def tested(self, meta: Meta, parts: list[Any]) -> Any:
        return self._kept(meta, {"path": parts[0], "is": parts[1]})

    def at_least(self, meta: Meta, parts: list[Any]) -> Any:
        return {} if parts[0] == 1 else {"atLeast": parts[0]}

    def at_most(self, meta: Meta, parts: list[Any]) -> Any:
        return {"atMost": parts[0]}

    def exactly(self, meta: Meta, parts: list[Any]) -> Any:
        return self.between(meta, parts * 2)

    def between(self, meta: Meta, parts: list[Any]) -> Any:
        least, most = parts
        return {"atMost": most} if least == 0 else self._kept(meta, {"atLeast": least, "atMost": most})

    def _during(self, parts: list[Any]) -> dict[str, Any]:
        """Ranges: each a tuple of name, value and place."""
        found: dict[str, Any] = {}
        for name, value, at in parts:
            if name in found:
                raise _MisreadError(at, "each of `since`, `before` and `in the last` once")
            found[name] = value
        if parts:
            self._places[id(found)] = parts[0][2]
        return found

    def since(self, meta: Meta, parts: list[Any]) -> Any:
        return "since", parts[0], meta.start_pos

    def until(self, meta: Meta, parts: list[Any]) -> Any:
        return "until", parts[0], meta.start_pos

    def within(self, meta: Meta, parts: list[Any]) -> Any:
        return "within", parts[0], meta.start_pos

    eq = _test("eq")
    neq = _test("neq")
    gt = _test("gt")
    gte = _test("gte")
    lt = _test("lt")
    lte = _test("lte")
    contains = _test("contains")
    starts_with = _test("startsWith")
    within_last = _test("withinLast")
    within_next = _test("withinNext")
    before = _test("before")

    def in_(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "in", parts)

    def some(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "exists", True)

    def none(self, meta: Meta, parts: list[Any]) -> Any:
        return self._placed(meta, "exists", False)

    def true(self, meta: Meta, parts: list[Any]) -> bool:
        return True

    def false(self, meta: Meta, parts: list[Any]) -> bool:
        return False

    def text(self, meta: Meta, parts: list[Token]) -> Any:
        return _unquoted(parts[0])

    def name(self, meta: Meta, parts: list[Token]) -> str:
        return _unquoted(parts[0]) if parts[0].type == "TEXT" else str(parts[0])

    def number(self, meta: Meta, parts: list[Token]) -> Any:
        text = str(parts[0])
        if len(text) > NUMBER_LENGTH_MAX:
            raise _MisreadError(parts[0].start_pos or 0, f"a number of at most {NUMBER_LENGTH_MAX} characters")
        return int(text) if text.lstrip("-").isdigit() else float(text)

    def moment(self, meta: Meta, parts: list[Token]) -> str:
        return str(parts[0])

    def duration(self, meta: Meta, parts: list[Token]) -> str:
        found = ["P"]
        left = list(_UNITS)
        for number, unit in zip(parts[::2], parts[1::2], strict=True):
            name = str(unit).removesuffix("s")
            if name not in left:
                raise _MisreadError(unit.start_pos or 0, "units of time from the longest to the shortest, each once")
            if not number.isdigit() or len(number) > NUMBER_LENGTH_MAX:
                raise _MisreadError(number.start_pos or 0, "a whole number")
            left = left[left.index(name) + 1 :]
            if name in ("hour", "minute", "second") and "T" not in found:
                found.append("T")
            found.append(f"{int(number)}{_UNITS[name]}" if int(number) else "")
        return "".join(found)


def _unquoted(token: Token) -> str:
    try:
        found = orjson.loads(str(token))
    except orjson.JSONDecodeError:
        raise _MisreadError(token.start_pos or 0, "text with escapes as in JSON") from None
    assert isinstance(found, str)
    return found
