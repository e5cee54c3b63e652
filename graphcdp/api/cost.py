"""What fields cost, by what they declare beside their definition: points for work in the database.

A field with fields below it costs 1 point, or what it declares; so does a plain
one that declares something. What lies below a list counts as often as the list
may have items: its `first` or `last`, the list that it was given, or what its
field declares. So the cost of an operation is known before anything is read: an
estimate, and a high one, since most lists are shorter than they may be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import strawberry
from graphql import GraphQLObjectType
from graphql.language import FieldNode, IntValueNode, ListValueNode, ObjectValueNode, ValueNode, VariableNode

from graphcdp.api.fields import Cost, ListSize
from graphcdp.read.pages import SIZE_DEFAULT, SIZE_MAX

COST_MAX = 20_000
OBJECT_COST = 1
ITEMS_MAX = 1_000_000
"""Enough to be refused; a number of items beyond it is not counted exactly."""

_PASSED_THROUGH = frozenset(("edges", "nodes", "node", "pageInfo"))
"""Fields of a connection: they are counted with the page."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What fields declare, by name; of several types' fields of one name the dearest counts."""

    cost_by_name: Mapping[str, int] = field(default_factory=dict)
    size_by_name: Mapping[str, int] = field(default_factory=dict)
    sized_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def cost(self, node: FieldNode, inner: int, is_connection: bool, variables: Mapping[str, Any]) -> int:
        """The cost of a field; inner: of all below it, once."""
        name = node.name.value
        if node.selection_set is None:
            return self.cost_by_name.get(name, 0)
        if name in _PASSED_THROUGH and not node.arguments:
            return inner
        own = self.cost_by_name.get(name, OBJECT_COST)
        if is_connection:
            return (own + inner) * self._items(node, ("first", "last"), variables, SIZE_DEFAULT, SIZE_MAX)
        items = self._items(node, self.sized_by.get(name, ()), variables, self.size_by_name.get(name, 1), ITEMS_MAX)
        return own + inner * items

    def _items(
        self, node: FieldNode, paths: tuple[str, ...], variables: Mapping[str, Any], default: int, most: int
    ) -> int:
        values = {argument.name.value: argument.value for argument in node.arguments or ()}
        for path in paths:
            name, *rest = path.split(".")
            if name in values:
                given = _count(values[name], rest, variables)
                if given is not None:
                    # A size out of range is refused by the field.
                    return min(max(given, 1), most)
        return default


@lru_cache(maxsize=4)
def prices_of(schema: strawberry.Schema) -> Prices:
    """What the fields of a schema declare."""
    cost_by_name: dict[str, int] = {}
    size_by_name: dict[str, int] = {}
    sized_by: dict[str, tuple[str, ...]] = {}
    for name, directive in _declared(schema):
        if isinstance(directive, Cost):
            cost_by_name[name] = max(int(directive.weight), cost_by_name.get(name, 0))
        elif isinstance(directive, ListSize):
            size_by_name[name] = max(directive.assumed_size, size_by_name.get(name, 1))
            sized_by[name] = tuple(dict.fromkeys((*sized_by.get(name, ()), *directive.slicing_arguments)))
    return Prices(cost_by_name, size_by_name, sized_by)


def _declared(schema: strawberry.Schema) -> Iterator[tuple[str, object]]:
    for graphql_type in schema._schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType) and not graphql_type.name.startswith("__"):
            for name, graphql_field in graphql_type.fields.items():
                definition = graphql_field.extensions.get("strawberry-definition")
                for directive in getattr(definition, "directives", ()):
                    yield name, directive


def _count(value: ValueNode, path: list[str], variables: Mapping[str, Any]) -> int | None:
    """The number at a path of an argument, or how many items the list there has; None when there is neither."""
    while path and isinstance(value, ObjectValueNode):
        name, *path = path
        found = next((one.value for one in value.fields if one.name.value == name), None)
        if found is None:
            return None
        value = found
    if isinstance(value, VariableNode):
        given: Any = variables.get(value.name.value)
        for name in path:
            given = given.get(name) if isinstance(given, dict) else None
        if isinstance(given, list):
            return len(given)
        return given if isinstance(given, int) and not isinstance(given, bool) else None
    if isinstance(value, ListValueNode):
        return len(value.values)
    return int(value.value[:9]) if isinstance(value, IntValueNode) else None
