"""Limits on operations, checked before they are validated: tokens, depth, copies of a field, directives, cost.

Fragments are measured once and counted wherever they are spread, so that a
document cannot grow by spreading them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import GraphQLError
from graphql.language import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.utilities import value_from_ast_untyped
from strawberry.extensions import SchemaExtension

from graphcdp.api.cost import COST_MAX, Prices, prices_of

TOKENS_MAX = 1000
DEPTH_MAX = 12
INTROSPECTION_DEPTH_MAX = 16
COPIES_MAX = 20
FIELDS_MAX = 1000
DIRECTIVES_MAX = 50


@dataclass(slots=True)
class Size:
    """What a selection asks for.

    depth: of fields. fields: how many, fragments spread. cost: in points.
    directives: how many, in the whole text. copies: how often each field stands
    in this selection, under any alias. most: the most copies of one field in
    one selection here or below.
    """

    depth: int = 0
    introspection_depth: int = 0
    fields: int = 0
    cost: int = 0
    directives: int = 0
    copies: Counter[str] = field(default_factory=Counter)
    most: int = 0

    def add(self, other: "Size") -> None:
        """Take in a fragment, or a field's contribution, that stands in the same selection."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.fields += other.fields
        self.cost += other.cost
        self.copies.update(other.copies)
        self.most = max(self.most, other.most, *self.copies.values(), 0)


class _Measure:
    """Measures the operations of one document."""

    def __init__(self, document: DocumentNode, variables: Mapping[str, Any], prices: Prices) -> None:
        self._variables = variables
        self._prices = prices
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._definitions = document.definitions
        self._known: dict[str, Size] = {}
        self._directives = 0

    def directives(self) -> int:
        """How many there are in the text, each once; call it when the operations are measured."""
        for name in self._fragments:
            self._fragment(name)
        for definition in self._definitions:
            self._directives += len(getattr(definition, "directives", None) or ())
            for variable in getattr(definition, "variable_definitions", None) or ():
                self._directives += len(variable.directives or ())
        return self._directives

    def selection(self, selections: SelectionSetNode) -> Size:
        """The size of one selection."""
        size = Size()
        for node in selections.selections:
            self._directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                size.add(self._field(node))
            elif isinstance(node, InlineFragmentNode):
                size.add(self.selection(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size.add(self._fragment(node.name.value))
        return size

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            # Seen again below itself it counts nothing: validation refuses such circles anyway.
            self._known[name] = Size()
            definition = self._fragments.get(name)
            if definition is not None:
                self._known[name] = self.selection(definition.selection_set)
        return self._known[name]

    def _field(self, node: FieldNode) -> Size:
        name = node.name.value
        size = Size(fields=1, copies=Counter((name,)), most=1)
        inner = Size() if node.selection_set is None else self.selection(node.selection_set)
        size.fields += inner.fields
        size.most = max(1, inner.most)
        if name.startswith("__"):
            size.introspection_depth = inner.depth + 1
            return size
        size.depth = inner.depth + 1
        size.introspection_depth = inner.introspection_depth
        is_connection = "nodes" in inner.copies or "edges" in inner.copies
        size.cost = self._prices.cost(node, inner.cost, is_connection, self._variables)
        return size


def measured(document: DocumentNode, variables: Mapping[str, Any], schema: strawberry.Schema) -> Size:
    """The size of all operations of a document together."""
    measure = _Measure(document, _with_defaults(document, variables), prices_of(schema))
    whole = Size()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            whole.add(measure.selection(definition.selection_set))
    whole.directives = measure.directives()
    return whole


def _with_defaults(document: DocumentNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables with the defaults that the document gives; of several operations' the largest counts."""
    found: dict[str, Any] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            for variable in definition.variable_definitions or ():
                if variable.default_value is not None:
                    name, value = variable.variable.name.value, value_from_ast_untyped(variable.default_value)
                    found[name] = max((found.get(name), value), key=_largeness)
    return {**found, **variables}


def _largeness(value: Any) -> float:
    if isinstance(value, list | dict):
        return float(len(str(value)))
    return float(value) if isinstance(value, int | float) else -1.0


def size_variables(document: DocumentNode, schema: strawberry.Schema) -> tuple[str, ...]:
    """Names of the variables that sizes of lists come from, sorted: the size of an operation depends on no others."""
    sizing = {"first", "last"}.union(
        path.partition(".")[0] for paths in prices_of(schema).sized_by.values() for path in paths
    )
    found: set[str] = set()

    class Finder(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value in sizing:
                visit(node.value, Names())

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found.add(node.name.value)

    visit(document, Finder())
    return tuple(sorted(found))


def excess(size: Size) -> GraphQLError | None:
    """The error for what goes beyond a limit; None when nothing does."""
    for what, limit, actual in (
        ("levels", DEPTH_MAX, size.depth),
        ("levels of introspection", INTROSPECTION_DEPTH_MAX, size.introspection_depth),
        ("copies of one field in one selection", COPIES_MAX, size.most),
        ("fields", FIELDS_MAX, size.fields),
        ("directives", DIRECTIVES_MAX, size.directives),
        ("points of cost", COST_MAX, size.cost),
    ):
        if actual > limit:
            return GraphQLError(
                f"The operation asks for {actual} {what}; the most is {limit}. Ask for less, or in several requests.",
                extensions={"code": "COST_EXCEEDED", "what": what, "limit": limit, "actual": actual},
            )
    return None


def _unnamed(document: DocumentNode, name: str | None) -> GraphQLError | None:
    """The error for a document of several operations, none of which is named: nobody knows which one is meant."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is None and len(operations) > 1:
        return GraphQLError(
            f"The document has {len(operations)} operations: name the one to execute in `operationName`.",
            extensions={"code": "BAD_USER_INPUT"},
        )
    return None


class Limits(SchemaExtension):
    """Refuses an operation that goes beyond a limit before anything is done for it."""

    def on_operation(self) -> Iterator[None]:
        """Limit the tokens that are parsed."""
        self.execution_context.parse_options["max_tokens"] = TOKENS_MAX
        yield

    def on_validate(self) -> Iterator[None]:
        """Measure the document first: validating one that is too large takes too long."""
        context = self.execution_context
        if context.graphql_document is not None:
            error = _unnamed(context.graphql_document, context._provided_operation_name) or excess(
                measured(context.graphql_document, context.variables or {}, context.schema)
            )
            if error is not None:
                context.pre_execution_errors = [error]
        yield
