"""How a field is read: the words in which a schema says it, beside each field's definition.

    Leaf       a value of the object itself, or one that a short Cypher expression finds
    Nested     an object, or a list of objects, that clauses reach from this one
    OneOf      an object whose type the argument decides
    Paged      a connection: a page of a list
    Told       an object, or a value, that Python makes of what Cypher gives, with the field's own resolver
    Place      a part of a connection or of an edge: what its page knows already
    Fixed      a value that is the same for all objects, so that nothing is read
    Refused    what whoever asks may not have

Cypher names an object by the variable of its type: `c` a customer, `m` a merged
one, `e` an event, `i` an identifier or device, `l` evidence, `s` a segment,
`h` what happened to identity (a merge, a split, refused evidence), `r` a refused
message, `j` a job, `s` also a source. A `$name` in it is a parameter of the one field that asks, see `Asked`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeAlias

from graphcdp.model.times import full_time

Ask: TypeAlias = Callable[..., "Asked"]
"""`ask(context, **arguments)`: what a field comes to with these arguments, which are those of its resolver."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a field comes to in one request.

    cypher: clauses or an expression, from fixed text only; its values are
    `$names`. types: for OneOf, the types that the object can have.

    Of a page: order is the list's name in its cursors, size how many items,
    backward that the clauses give them from the list's end. Its clauses have
    $limit too, and parameters `preceded` and `followed` tell that a cursor bounds it.
    total: clauses that bind `value` and `precision`, how many there are. key: the
    sort key, where it is not always the same.

    fleeting: the same arguments come to something else another time, as the
    rules or the clock have it.
    """

    cypher: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    order: str = ""
    size: int = 0
    backward: bool = False
    total: str = ""
    key: str = ""
    fleeting: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:
        """All of it that a statement's text depends on."""
        return self.cypher, self.types, self.backward, self.total, self.key


@dataclass(frozen=True, slots=True)
class Need:
    """A list that several fields of an object are made of; it is read once.

    name: how their Cypher calls it. cypher: clauses that end in RETURN ... AS name.
    """

    name: str
    cypher: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value.

    cypher: an expression; with `ask` the one that it answers is taken. apart: it
    has subqueries, which would take variables around them for their own.
    finish: makes the answer of what the database gives, null excepted.
    """

    cypher: str = ""
    ask: Ask | None = None
    need: Need | None = None
    apart: bool = False
    finish: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """Objects that clauses reach.

    cypher: clauses that bind `variables`, one row for each object; with `ask`
    those that it answers are taken. many: the field is a list. plainly: `ask`
    takes arguments as graphql-core has them, inputs as mappings. one: an
    expression that the clauses have as `one`, where variables that they bind are
    called as those around them. missing: the error where there is no object.
    """

    cypher: str = ""
    variables: tuple[str, ...] = ()
    ask: Ask | None = None
    many: bool = False
    plainly: bool = False
    one: str = ""
    missing: Exception | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """Objects by global id, of types that the ids decide.

    by_type: clauses that reach an object of the type from `one`, a global id. ask:
    answers parameter `ids` and the types that they can be of; the first of
    these whose clauses find something is taken. many: the field is a list.
    """

    by_type: Mapping[str, Nested]
    ask: Ask
    many: bool = False


@dataclass(frozen=True, slots=True)
class Paged:
    """A page of a list.

    ask: answers clauses that bind `variables` in the page's order, at most $limit
    rows. node: the variable of the item. key: an expression, the sort key that a
    cursor holds. by_type: of items of several types, whose node is a global id
    called `one`: clauses that reach an object of each type from it. bound: stored
    values of the node that the clauses have in a variable already, `{"e.at": "at"}`.
    """

    ask: Ask
    variables: tuple[str, ...]
    node: str
    key: str
    by_type: Mapping[str, Nested] = field(default_factory=dict)
    bound: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """Made in Python.

    cypher: an expression. make: `make(found, **arguments)`, the object or the
    value. Fields of the object are told by their own resolvers. whole: the field
    that is what was found, JSON text, word for word. absent: what stands for null,
    of which nothing is made otherwise; to put it in here is cheaper than in Cypher.
    """

    cypher: str
    make: Callable[..., Any]
    need: Need | None = None
    whole: str = ""
    absent: str | None = None


class Place(Enum):
    """What a page knows already."""

    NODES = auto()
    EDGES = auto()
    NODE = auto()
    CURSOR = auto()
    PAGE_INFO = auto()
    HAS_NEXT = auto()
    HAS_PREVIOUS = auto()
    START_CURSOR = auto()
    END_CURSOR = auto()
    TOTAL = auto()


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that every object has."""

    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Null, with an error at each object that has the field. error: says why."""

    error: Exception


Plan: TypeAlias = Leaf | Nested | OneOf | Paged | Told | Place | Fixed | Refused


def time(expression: str, *, apart: bool = False) -> Leaf:
    """A time, as answers write it. apart: as in Leaf."""
    return Leaf(f"toString({expression})", apart=apart, finish=full_time)
