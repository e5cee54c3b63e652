"""Levels -> one Cypher statement, and what turns its row into the answer.

Each root field, list and object on the way is a subquery that sees the variables
of its parent alone; so Cypher beside a field's definition may call them by
the same short names everywhere. Results are called after the number of their field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from graphcdp.model.statement import SharedStatement, Statement
from graphcdp.plan import finish as finishing
from graphcdp.plan.fields import Asked, Fixed, Leaf, Need, Nested, OneOf, Paged, Place, Refused, Told
from graphcdp.plan.finish import Failed, Finish, Given, Row, Touch
from graphcdp.plan.levels import Level, Wanted

WriteCursor = Callable[[str, Sequence[Any]], str]


class Tell(Protocol):
    """Makes the answers of fields that Python tells."""

    def touch(self, wanted: Wanted) -> Touch | None:
        """What makes it of what was found alone; None when that is not enough."""

    def finish(self, wanted: Wanted) -> Finish:
        """What makes it of what was found and of the arguments below."""


_PARAMETER = re.compile(r"\$([a-z][a-z_0-9]*)")
_READ_AT_ONCE_MIN = 3
"""So many stored values of a node are read in one walk over what it holds; for fewer the map in between costs more."""


@dataclass(frozen=True, slots=True)
class Written:
    """A statement without its values.

    parameters: (name in the statement, number of the field, name there). finish:
    makes of the statement's only row the values of the root fields, in their order.
    shared: the same for several requests at once; None where that would not be one statement's work.
    """

    text: str
    parameters: tuple[tuple[str, int, str], ...]
    finish: Finish
    more: frozenset[int]
    shared: "Shared | None" = None

    def statement(self, given: Sequence[Given]) -> Statement:
        """The statement of one request."""
        values = self._values(given)
        if self.shared is None:
            return Statement(self.text, values)
        return SharedStatement(self.text, values, self.shared.text, self.shared.own)

    def _values(self, given: Sequence[Given]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, number, own in self.parameters:
            asked = given[number].asked
            if own == "limit":
                # One more than the page tells whether others follow, where that is asked.
                found[name] = asked.size + (number in self.more)
            else:
                found[name] = asked.size if own == "size" else asked.parameters[own]
        return found


@dataclass(frozen=True, slots=True)
class Shared:
    """A statement for several requests, `$together.asked`, that differ in the parameters `own` of theirs alone."""

    text: str
    own: frozenset[str]


@dataclass(slots=True)
class _Body:
    """A subquery in the making: clauses before its rows are made, and which needs it has read."""

    clauses: list[str] = field(default_factory=list)
    needs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Around:
    """The page around a level: the field that asks for it, its plan, and the sort key of an item."""

    wanted: Wanted
    plan: Paged
    key: str


def write(roots: Sequence[Wanted], asked: Sequence[Asked], cursor: WriteCursor, tell: Tell) -> Written:
    """The statement for these root fields.

    asked: by number of the field. cursor: writes one from the name of a list and a
    sort key. tell: what makes the answer of a field that Python tells.
    """
    written = _Writer(asked, cursor, tell).statement(roots)
    # Where a list is asked for as well, it would be read for each request.
    if not all(isinstance(root.plan, Nested) for root in roots):
        return written
    return replace(written, shared=_Writer(asked, cursor, tell, roots).shared(roots))


class _Writer:
    def __init__(
        self, asked: Sequence[Asked], cursor: WriteCursor, tell: Tell, differing: Sequence[Wanted] = ()
    ) -> None:
        """differing: fields whose parameters requests may differ in, when the statement is for several of them."""
        self.asked = asked
        self.cursor = cursor
        self.more: set[int] = set()
        self._tell = tell
        self._differing = frozenset(wanted.number for wanted in differing)
        self._own: set[str] = set()
        self._parameters: dict[str, tuple[int, str]] = {}

    def shared(self, roots: Sequence[Wanted]) -> Shared | None:
        """The statement for several requests, each an `asked` with its place; None when they could not differ."""
        inner = "\n".join(f"  {line}" for line in self.statement(roots, ("asked",)).text.split("\n"))
        if not self._own:
            return None
        text = f"UNWIND $together.asked AS asked\nCALL (asked) {{\n{inner}\n}}\n"
        return Shared(f"{text}RETURN collect([asked.place, answer]) AS answers", frozenset(self._own))

    def statement(self, roots: Sequence[Wanted], scope: tuple[str, ...] = ()) -> Written:
        body = _Body()
        values: list[str] = []
        steps: list[Finish] = []
        for root in roots:
            value, step = self._value(root, scope, body)
            values.append(value)
            steps.append(step or (lambda found, given: found))

        def finish(found: Any, given: Sequence[Given]) -> Any:
            return [step(value, given) for step, value in zip(steps, found, strict=True)]

        text = "\n".join([*body.clauses, f"RETURN [{', '.join(values)}] AS answer"])
        parameters = tuple((name, *own) for name, own in self._parameters.items())
        return Written(text, parameters, finish, frozenset(self.more))

    def row(self, level: Level, scope: tuple[str, ...], body: _Body, around: _Around | None = None) -> tuple[str, Row]:
        """The expression for an object, whose own clauses go into `body`."""
        values: list[str] = []
        keys: list[str] = []
        constants: list[tuple[int, Any]] = []
        touches: list[tuple[int, Touch]] = []
        steps: list[tuple[int, Finish]] = []
        # Each object reads what it needs itself: two in one subquery may be different ones.
        own = _Body(body.clauses)
        for place, wanted in enumerate(level.fields):
            keys.append(wanted.key)
            if isinstance(wanted.plan, Fixed | Refused):
                constants.append((place, _unread(wanted)))
                continue
            touch = self._touch(wanted)
            value, step = self._value(wanted, scope, own, around)
            values.append(value)
            if touch is not None:
                touches.append((place, touch))
            elif step is not None:
                steps.append((place, step))
        return f"[{', '.join(values)}]", Row(keys, constants, touches, steps)

    def _touch(self, wanted: Wanted) -> Touch | None:
        match wanted.plan:
            case Leaf() as plan:
                return plan.finish
            case Told():
                return self._tell.touch(wanted)
        return None

    def _value(
        self, wanted: Wanted, scope: tuple[str, ...], body: _Body, around: _Around | None = None
    ) -> tuple[str, Finish | None]:
        """The expression for a field of an object in this scope, and what finishes it."""
        match wanted.plan:
            case Leaf() as plan:
                return self._leaf(wanted, plan, scope, body), None
            case Told() as plan:
                return self._expression(wanted, plan.cypher, plan.need, scope, body), self._tell.finish(wanted)
            case Nested() as plan:
                return self._nested(wanted, plan, scope, body)
            case OneOf() as plan:
                return self._one_of(wanted, plan, scope, body)
            case Paged() as plan:
                return self._paged(wanted, plan, scope, body)
            case Place.NODE if around is not None and around.plan.by_type:
                return self.of_several(wanted, around.plan, body)
            case Place.NODE if around is not None:
                value, made = self.row(wanted.level, (around.plan.node,), body)
                return value, made.one
            case Place.CURSOR if around is not None:
                return around.key, finishing.cursor(around.wanted.number, self.cursor)
        raise AssertionError(f"{wanted.name} does not stand where its plan can be used")

    def _leaf(self, wanted: Wanted, plan: Leaf, scope: tuple[str, ...], body: _Body) -> str:
        cypher = plan.cypher if plan.ask is None else self.asked[wanted.number].cypher
        found = self._expression(wanted, cypher, plan.need, scope, body)
        return self.call(body, scope, [f"RETURN {found}"], f"f{wanted.number}") if plan.apart else found

    def _expression(self, wanted: Wanted, cypher: str, need: Need | None, scope: tuple[str, ...], body: _Body) -> str:
        if need is not None:
            cypher = re.sub(rf"\b{need.name}\b", self._needed(wanted, need, scope, body), cypher)
        return self.named(wanted, cypher)

    def _needed(self, wanted: Wanted, need: Need, scope: tuple[str, ...], body: _Body) -> str:
        found = body.needs.get(need.name)
        if found is None:
            found = body.needs[need.name] = self.call(body, scope, [need.cypher], f"{need.name}{wanted.number}")
        return found

    def _nested(self, wanted: Wanted, plan: Nested, scope: tuple[str, ...], body: _Body) -> tuple[str, Finish]:
        inner = _Body()
        value, made = self.row(wanted.level, plan.variables, inner)
        clauses = plan.cypher if plan.ask is None else self.asked[wanted.number].cypher
        returned = f"collect({value})" if plan.many else value
        reached = [self.named(wanted, clauses), *inner.clauses, f"RETURN {returned}"]
        first = not plan.many
        if plan.one:
            apart = _Body([f"WITH {plan.one} AS one"])
            inner_name = self.call(apart, ("one",), reached, f"f{wanted.number}_0", first=first)
            reached, first = [*apart.clauses, f"RETURN {inner_name}"], False
        name = self.call(body, scope, reached, f"f{wanted.number}", first=first)
        finish: Finish = made.many if plan.many else made.one
        return name, finish if plan.missing is None else finishing.found_or(finish, Failed(wanted, plan.missing))

    def of_several(self, wanted: Wanted, plan: Paged, body: _Body) -> tuple[str, Finish]:
        """The expression for the item of a page, whose type is one of several."""
        found, finish = self._by_type(wanted, plan.by_type, tuple(plan.by_type), body)
        return f"[{found}]", finish

    def _by_type(
        self, wanted: Wanted, by_type: Mapping[str, Nested], types: Sequence[str], body: _Body
    ) -> tuple[str, Finish]:
        """The expression for the object, of one of the types, that `one` is the id of."""
        names: list[str] = []
        finishes: list[Finish] = []
        for number, type_name in enumerate(types):
            nested = by_type[type_name]
            inner = _Body()
            value, made = self.row(wanted.levels[type_name], nested.variables, inner)
            clauses = [nested.cypher, *inner.clauses, f"RETURN [{number}, {value}]"]
            names.append(self.call(body, ("one",), clauses, f"f{wanted.number}_{number}", first=True))
            finishes.append(made.one)
        return f"coalesce({', '.join(names)})" if names else "null", finishing.typed(finishes)

    def _one_of(self, wanted: Wanted, plan: OneOf, scope: tuple[str, ...], body: _Body) -> tuple[str, Finish]:
        each = _Body()
        found, finish = self._by_type(wanted, plan.by_type, self.asked[wanted.number].types, each)
        clauses = [self.named(wanted, "UNWIND $ids AS one"), *each.clauses, f"RETURN collect([{found}])"]
        name = self.call(body, scope, clauses, f"f{wanted.number}")
        return name, finishing.each(finish) if plan.many else finishing.only(finish)

    def _paged(self, wanted: Wanted, plan: Paged, scope: tuple[str, ...], body: _Body) -> tuple[str, Finish]:
        clauses, finish = _Page(self, wanted, plan, scope).clauses()
        return self.call(body, scope, clauses, f"f{wanted.number}"), finish

    def call(
        self, body: _Body, scope: tuple[str, ...], clauses: Sequence[str], name: str, *, first: bool = False
    ) -> str:
        """Put a subquery into the body; its last clause is the RETURN of the value that gets this name.

        first: it has a row for each object there is, of which the first is taken, and null without any. To collect
        them and take the list's head looks through the whole of the object once more.
        """
        *before, last = "\n".join(clauses).split("\n")
        if not last.endswith(f" AS {name}"):
            last = f"{last} AS {name}"
        if first:
            last = f"{last} LIMIT 1"
        inner = "\n".join(f"  {line}" for line in (*before, last))
        body.clauses.append(f"{'OPTIONAL ' if first else ''}CALL ({', '.join(scope)}) {{\n{inner}\n}}")
        return name

    def named(self, wanted: Wanted, cypher: str) -> str:
        """The Cypher with its parameters called after the field."""

        def named(match: re.Match[str]) -> str:
            name = f"{match[1]}_{wanted.number}"
            if wanted.number in self._differing:
                self._own.add(name)
                return f"asked.{name}"
            self._parameters[name] = (wanted.number, match[1])
            return f"${name}"

        return _PARAMETER.sub(named, cypher)


class _Page:
    """A connection: `page` is the list of its rows in the list's order, `more` whether others follow.

    A row is what the lists of the connection need of one item: a slot for each.
    """

    def __init__(self, writer: _Writer, wanted: Wanted, plan: Paged, scope: tuple[str, ...]) -> None:
        self._writer = writer
        self._wanted = wanted
        self._plan = plan
        self._scope = scope
        self._asked = writer.asked[wanted.number]
        self._key = self._asked.key or plan.key
        self._rows = _Body()
        self._after = _Body()
        self._slots: list[str] = []
        self._uses_more = False

    def clauses(self) -> tuple[list[str], Finish]:
        """The subquery's clauses, and what makes the connection of what it returns."""
        keys = [one.key for one in self._wanted.level.fields]
        constants: list[tuple[int, Any]] = []
        values: list[Callable[[], str]] = []
        steps: list[tuple[int, Finish]] = []
        for place, one in enumerate(self._wanted.level.fields):
            if isinstance(one.plan, Fixed | Refused):
                constants.append((place, _unread(one)))
                continue
            value, step = self._field(one)
            values.append(value)
            steps.append((place, step))
        returned = f"RETURN [{', '.join(value() for value in values)}]"
        return [*self._page(), *self._after.clauses, returned], Row(keys, constants, steps=steps).one

    def _field(self, wanted: Wanted) -> tuple[Callable[[], str], Finish]:
        match wanted.plan:
            case Place.NODES if self._plan.by_type:
                row, finish = self._writer.of_several(wanted, self._plan, self._rows)
                return self._slot(row), finishing.each(finish)
            case Place.NODES:
                row, made = self._writer.row(wanted.level, (self._plan.node,), self._rows)
                return self._slot(row), made.many
            case Place.EDGES:
                around = _Around(self._wanted, self._plan, self._key)
                row, made = self._writer.row(wanted.level, self._plan.variables, self._rows, around)
                return self._slot(row), made.many
            case Place.PAGE_INFO:
                return self._standing(wanted.level)
            case Place.TOTAL:
                row, made = self._writer.row(wanted.level, ("value", "precision"), _Body())
                total = self._writer.named(self._wanted, self._asked.total)
                name = self._writer.call(self._after, self._scope, [total, f"RETURN {row}"], f"f{wanted.number}")
                return _known(name), made.one
        raise AssertionError(f"{wanted.name} is no part of a connection")

    def _standing(self, level: Level) -> tuple[Callable[[], str], Finish]:
        keys = [one.key for one in level.fields]
        constants: list[tuple[int, Any]] = []
        values: list[Callable[[], str]] = []
        steps: list[tuple[int, Finish]] = []
        for place, one in enumerate(level.fields):
            match one.plan:
                case Place.START_CURSOR | Place.END_CURSOR:
                    values.append(self._key_of("0" if one.plan is Place.START_CURSOR else "-1"))
                    steps.append((place, finishing.cursor(self._wanted.number, self._writer.cursor)))
                case Place.HAS_NEXT | Place.HAS_PREVIOUS:
                    values.append(_known(self._beyond(one.plan is Place.HAS_NEXT)))
                case _:
                    constants.append((place, _unread(one)))
        return lambda: f"[{', '.join(value() for value in values)}]", Row(keys, constants, steps=steps).one

    def _slot(self, row: str) -> Callable[[], str]:
        """The list of what is in this slot of each row."""
        self._slots.append(row)
        slot = len(self._slots) - 1
        return lambda: "page" if len(self._slots) == 1 else f"[x IN page | x[{slot}]]"

    def _key_of(self, item: str) -> Callable[[], str]:
        """The sort key of an item of the page."""
        if self._key not in self._slots:
            self._slots.append(self._key)
        slot = self._slots.index(self._key)
        return lambda: f"page[{item}]" if len(self._slots) == 1 else f"page[{item}][{slot}]"

    def _beyond(self, next_page: bool) -> str:
        # The item that a cursor was made of lies on its side of the page.
        bounded = self._writer.named(self._wanted, "$followed" if next_page else "$preceded")
        if next_page is self._asked.backward:
            return bounded
        self._uses_more = True
        return f"({bounded} OR more)"

    def _page(self) -> list[str]:
        if not self._slots and not self._uses_more:
            return []
        row = self._slots[0] if len(self._slots) == 1 else f"[{', '.join(self._slots)}]"
        turned = "reverse(%s)" if self._asked.backward else "%s"
        found = [self._writer.named(self._wanted, self._asked.cypher), *self._rows.clauses]
        at_once, row = self._at_once(row)
        found += at_once
        if not self._uses_more:
            return [*found, f"WITH {turned % f'collect({row})'} AS page"]
        self._writer.more.add(self._wanted.number)
        size = self._writer.named(self._wanted, "$size")
        kept = turned % f"rows[..{size}]"
        return [*found, f"WITH collect({row}) AS rows", f"WITH {kept} AS page, size(rows) > {size} AS more"]

    def _at_once(self, row: str) -> tuple[list[str], str]:
        """Clauses that read the stored values of the node together, where that is cheaper, and the row made of them."""
        for value, variable in self._plan.bound.items():
            row = re.sub(rf"\b{re.escape(value)}\b", variable, row)
        stored = re.compile(rf"\b{self._plan.node}\.(`[^`]+`|\w+)")
        names = dict.fromkeys(stored.findall(row))
        # For its relationships and the like the node itself is needed.
        is_needed = re.search(rf"\b{self._plan.node}\b", stored.sub("", row))
        if is_needed or len(names) < _READ_AT_ONCE_MIN:
            return [], row
        read = ", ".join(f".{name}" for name in names)
        return [f"WITH *, {self._plan.node} {{{read}}} AS stored"], stored.sub(r"stored.\1", row)


def _unread(wanted: Wanted) -> Any:
    """The value of a field for which nothing is read."""
    match wanted.plan:
        case Fixed() as plan:
            return plan.value
        case Refused() as plan:
            return Failed(wanted, plan.error)
    raise AssertionError(f"{wanted.name} is read")


def _known(value: str) -> Callable[[], str]:
    return lambda: value
