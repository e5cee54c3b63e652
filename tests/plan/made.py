"""Random valid operations on the schema, as far as it is planned, and some fields beside that are not."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_abstract_type, is_leaf_type

from graphcdp.api.access import read_as_shown
from graphcdp.api.planned import Description
from graphcdp.api.schema import schema
from graphcdp.model.statement import Statement
from graphcdp.plan.fields import OneOf, Told
from graphcdp.plan.lists import DEVICE_CONTEXTS

DESCRIPTION = Description(schema)
LEVELS_MAX = 5
UNPLANNED = ["__typename", "identityRules { version }", "caller { kind scopes }"]
ROOTS = [
    *["customer"] * 6,
    *["customers", "node", "nodes", "identifier", "segment"] * 2,
    *["me", "events", "segments", "conflicts", "rejected", "job"],
]
"""Those that are asked in more ways stand here more often."""
PATHS = ["plan", "name", "address.city", "tags.0", "age", "born", "open", "nothing", "a.b", ""]
REACHED = {
    *["Customer", "MergedCustomer", "Event", "Identifier", "Device", "Segment", "Link", "Job"],
    *["Merge", "CustomerSplit", "IdentityConflict"],
}
"""Types that have a global id."""
CONDITIONS: list[Any] = [
    {"trait": {"path": "plan", "is": {"eq": "pro"}}},
    {"not": {"hasIdentifier": "email"}},
    {"did": {"event": {"name": "Visit"}, "times": {"atLeast": 2}}},
    {"consented": "ads"},
    {"all": [{"hasIdentifier": "user"}, {"did": {"event": {"name": "*"}, "during": {"within": "P10Y"}}}]},
]


@dataclass(slots=True)
class Pool:
    """Values that exist in the graph, by what takes them. cursors: by the type of the connection."""

    ids: list[str]
    references: list[dict[str, Any]]
    segments: list[str]
    cursors: dict[str, list[str]]


@dataclass(slots=True)
class Operation:
    """A document with its variables."""

    text: str
    variables: dict[str, Any] = field(default_factory=dict)


class Maker:
    """Makes one operation; visitor: it asks for `me` above all."""

    def __init__(self, choose: random.Random, pool: Pool, *, visitor: bool = False) -> None:
        self._choose = choose
        self._pool = pool
        self._visitor = visitor
        self._variables: dict[str, tuple[str, Any]] = {}
        self._fragments: list[str] = []
        self._left = 24

    def operation(self) -> Operation:
        """A query of one to three root fields, named differently."""
        choose = self._choose
        names = ROOTS + ["me"] * 60 * self._visitor
        of = DESCRIPTION.graphql.query_type
        assert of is not None
        parts = [
            f"r{number}: {self._field(of, choose.choice(names), LEVELS_MAX)}" for number in range(choose.randint(1, 3))
        ]
        parts += [f"u{number}: {part}" for number, part in enumerate(UNPLANNED) if choose.random() < 0.1]
        choose.shuffle(parts)
        declared = ", ".join(f"${name}: {of_type}" for name, (of_type, _) in self._variables.items())
        head = f"query Q{f'({declared})' if declared else ''}"
        text = "\n".join([f"{head} {{ {' '.join(parts)} }}", *self._fragments])
        return Operation(text, {name: value for name, (_, value) in self._variables.items()})

    def _selection(self, of: Any, levels: int, told: bool = False) -> str:
        if is_abstract_type(of):
            kinds = sorted(kind.name for kind in DESCRIPTION.graphql.get_possible_types(of) if kind.name in REACHED)
            some = [
                f"... on {kind} {{ {self._selection(self._type(kind), levels)} }}"
                for kind in self._choose.sample(kinds, min(len(kinds), 3))
            ]
            return " ".join(["__typename id", *some])
        names = [name for name, one in of.fields.items() if self._possible(of, name, one, levels, told)]
        parts = [
            self._switched(self._aliased(name, self._field(of, name, levels - 1, told)))
            for name in self._choose.sample(names, min(len(names), self._choose.randint(1, 4)))
        ]
        if not parts or self._choose.random() < 0.15:
            parts.append("__typename")
        if self._choose.random() < 0.15 and len(parts) > 1:
            return self._fragmented(of, parts)
        return " ".join(parts)

    def _possible(self, of: GraphQLObjectType, name: str, one: GraphQLField, levels: int, told: bool) -> bool:
        if not told and DESCRIPTION.plan_of(of.name, name) is None:
            return False
        if is_leaf_type(get_named_type(one.type)):
            return True
        return levels > 0 and self._left > 0

    def _fragmented(self, of: GraphQLObjectType, parts: list[str]) -> str:
        """The same selection, a part of it, which is asked for beside it as well, in a fragment."""
        cut = self._choose.randint(1, len(parts))
        inside = " ".join(parts[:cut])
        if self._choose.random() < 0.5:
            condition = self._choose.choice(["", f"on {of.name} "])
            return " ".join([f"... {condition}{{ {inside} }}", *parts[cut - 1 :]])
        name = f"F{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {of.name} {{ {inside} }}")
        return " ".join([f"...{name}", *parts[cut - 1 :]])

    def _aliased(self, name: str, text: str) -> str:
        # Each has a name of its own, so that no two ask for one name in two ways.
        self._left -= 1
        return f"{name[:2]}{self._left + 1000}: {text}"

    def _switched(self, text: str) -> str:
        if self._choose.random() > 0.12:
            return text
        directive = self._choose.choice(["include", "skip"])
        value = self._choose.random() < 0.6
        condition = str(value).lower() if self._choose.random() < 0.5 else self._variable("Boolean!", value)
        head, brace, rest = text.partition(" {")
        return f"{head} @{directive}(if: {condition}){brace}{rest}"

    def _field(self, of: GraphQLObjectType, name: str, levels: int, told: bool = False) -> str:
        one = of.fields[name]
        given = self._arguments(of, name, one)
        text = f"{name}({given})" if given else name
        inner = get_named_type(one.type)
        if is_leaf_type(inner):
            return text
        plan = DESCRIPTION.plan_of(of.name, name)
        told = told or isinstance(plan, Told)
        return f"{text} {{ {self._selection(inner, max(levels, 0), told)} }}"

    def _arguments(self, of: GraphQLObjectType, name: str, one: GraphQLField) -> str:
        given: list[str] = []
        for argument, definition in one.args.items():
            required = str(definition.type).endswith("!") and str(definition.type) != "TimeOrder!"
            if argument in ("first", "last", "after", "before") or (not required and self._choose.random() < 0.6):
                continue
            value = self._value(name, argument, str(get_named_type(one.type)))
            if value is not None:
                given.append(f"{argument}: {self._variable(str(definition.type), value)}")
        if "first" in one.args:
            given += self._page(str(get_named_type(one.type)))
        return ", ".join(given)

    def _page(self, connection: str) -> list[str]:
        choose = self._choose
        given: list[str] = []
        if choose.random() < 0.7:
            size = choose.choice([1, 1, 2, 2, 3, 5, 50])
            if choose.random() < 0.02:
                size = choose.choice([0, 101])
            end = choose.choice(["first", "first", "last"])
            given.append(f"{end}: {size if choose.random() < 0.7 else self._variable('Int', size)}")
        for name in ("after", "before"):
            known = self._pool.cursors.get(connection)
            if known and choose.random() < 0.25:
                given.append(f"{name}: {self._variable('String', choose.choice(known))}")
            elif choose.random() < 0.01:
                given.append(f'{name}: "nonsense"')
        return given

    def _value(self, name: str, argument: str, of: str) -> Any:
        choose = self._choose
        values: dict[str, list[Any]] = {
            "by": self._pool.references if of == "Customer" else [{"key": key} for key in self._pool.segments],
            "is": [one for one in self._pool.references if "id" not in one],
            "kinds": [["email"], ["user", "device"], [], ["user", "user", "email", "phone", "card"]],
            "filter": [
                {"names": ["Visit"]},
                {"names": ["Visit", "Order", "Order"]},
                {"sources": ["web"]},
                {"names": ["Order"], "sources": ["web", "api"]},
                {"during": {"since": "2026-01-05T00:00:00Z"}},
                {"during": {"until": "2026-01-10T00:00:00.5Z", "since": "2026-01-02T00:00:00Z"}},
                {"during": {"within": "P20D"}},
                {"names": []},
                {"where": [{"path": "plan", "is": {"eq": "pro"}}]},
                {"names": ["Visit"], "where": [{"path": "born", "is": {"before": "P1D"}}], "sources": ["web", "api"]},
                {"where": [{"path": "plan", "is": {"exists": True}}, {"path": "a.b", "is": {"in": [1, True, "x"]}}]},
                {"where": [{"path": "plan", "is": {"gt": None}}]},
                {"during": {"since": "yesterday"}},
            ],
            "order": ["LAST_SEEN", "NEWEST", "OLDEST"] if name == "customers" else ["NEWEST_FIRST", "OLDEST_FIRST"],
            "path": PATHS,
            "key": [*self._pool.segments, "none"],
            "where": CONDITIONS,
            "only": [["plan", "none"], [], ["name"]],
            "ended": [True, False],
            "search": ["ann", "example"],
            "to": ["ads", "mail", "none"],
            "with": [{"key": key} for key in (*self._pool.segments, "none")] + [{"id": self._pool.ids[0]}],
            "status": ["OPEN", "SOLVED", "MERGED", "KEPT_APART", None],
            "statuses": [["LIVE", "PAUSED"], ["ARCHIVED"], []],
            "during": [{"within": "P3D"}, {"since": "2026-01-30T00:00:00Z"}, {"until": "never"}, {"within": "P9Y"}],
            "every": ["HOUR", "DAY"],
            "at": ["2026-02-15T00:00:00Z", "2126-01-01T00:00:00.5Z", "never"],
            "code": ["LIMIT", "BLOCKED", "RULES", "MERGE_OFF"],
        }
        if argument == "ids":
            return [self._id() for _ in range(choose.randint(0, 5))]
        if argument == "id":
            return self._id("job" if name == "job" and choose.random() < 0.8 else None)
        if (name, argument) == ("segments", "search"):
            return choose.choice(["", "PRO", "i", "none", "x" * 201])
        return choose.choice(values[argument])

    def _id(self, tag: str | None = None) -> str:
        """A global id; each type is as likely."""
        of = sorted({one.partition("_")[0] for one in self._pool.ids})
        start = tag if tag in of else self._choose.choice(of)
        return self._choose.choice([one for one in self._pool.ids if one.partition("_")[0] == start])

    def _variable(self, of: str, value: Any) -> str:
        name = f"v{len(self._variables)}"
        self._variables[name] = (of, value)
        return f"${name}"

    def _type(self, name: str) -> Any:
        return DESCRIPTION.graphql.get_type(name)


_PLATFORM = r"\s+".join(re.escape(word) for word in DEVICE_CONTEXTS.cypher.split())
"""How contexts are read for it, however the lines are indented."""


def personal_in(statement: Statement) -> list[str]:
    """What a statement reads of personal values without masking it in the database."""
    # Where the value decides what is shown, it is looked at or compared, and does not leave.
    text = statement.text.replace(read_as_shown("i.kind", "i.value").cypher, "")
    # Which platform a device has, which everybody may see, is told from its contexts, and nothing else of them is
    # shown; that its attributes are not is held by tests/api/test_access.py.
    text = re.sub(_PLATFORM, "", text)
    return re.findall(r"\bc\.trait\w*|\be\.json|\be\.context|\bcontacts\w*|(?<!<> )\bi\.value", text)


__all__ = ["Maker", "OneOf", "Operation", "Pool", "personal_in"]
