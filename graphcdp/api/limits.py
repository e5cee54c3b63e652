"""Limits on operations, checked before they are validated: tokens, depth, copies of a field, size of the answer.

Fragments are measured once and counted wherever they are spread, so that a
document cannot grow by spreading them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError
from graphql.language import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)
from strawberry.extensions import SchemaExtension

from graphcdp.read.pages import SIZE_DEFAULT, SIZE_MAX

TOKENS_MAX = 1000
DEPTH_MAX = 12
INTROSPECTION_DEPTH_MAX = 16
COPIES_MAX = 20
FIELDS_MAX = 1000
OBJECTS_MAX = 20_000

_SIZES = frozenset(("first", "last"))
_PASSED_THROUGH = frozenset(("edges", "nodes", "node", "pageInfo"))
"""Fields of a connection: they are counted with the page."""


@dataclass(slots=True)
class Size:
    """What a selection asks for.

    depth: of fields. fields: how many, fragments spread. objects: how many the
    answer can have. copies: how often each field stands in this selection,
    under any alias. most: the most copies of one field in one selection here
    or below.
    """

    depth: int = 0
    introspection_depth: int = 0
    fields: int = 0
    objects: int = 0
    copies: Counter[str] = field(default_factory=Counter)
    most: int = 0

    def add(self, other: "Size") -> None:
        """Take in a fragment, or a field's contribution, that stands in the same selection."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.fields += other.fields
        self.objects += other.objects
        self.copies.update(other.copies)
        self.most = max(self.most, other.most, *self.copies.values(), 0)


class _Measure:
    """Measures the operations of one document."""

    def __init__(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}

    def selection(self, selections: SelectionSetNode) -> Size:
        size = Size()
        for node in selections.selections:
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
        if node.selection_set is not None:
            size.objects = inner.objects if name in _PASSED_THROUGH else 1 + inner.objects
            if "nodes" in inner.copies or "edges" in inner.copies:
                size.objects *= self._page_size(node)
        return size

    def _page_size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value not in _SIZES:
                continue
            value: Any = argument.value
            if isinstance(value, VariableNode):
                given = self._variables.get(value.name.value)
            else:
                given = int(value.value[:9]) if isinstance(value, IntValueNode) else None
            if isinstance(given, int):
                # A size out of range is refused by the field.
                return min(max(given, 1), SIZE_MAX)
        return SIZE_DEFAULT


def measured(document: DocumentNode, variables: Mapping[str, Any]) -> Size:
    """The size of all operations of a document together."""
    measure = _Measure(document, variables)
    whole = Size()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            whole.add(measure.selection(definition.selection_set))
    return whole


def page_size_variables(document: DocumentNode) -> tuple[str, ...]:
    """Names of the variables that page sizes come from, sorted: the size of an operation depends on no others."""
    found: set[str] = set()

    class Finder(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value in _SIZES and isinstance(node.value, VariableNode):
                found.add(node.value.name.value)

    visit(document, Finder())
    return tuple(sorted(found))


def excess(size: Size) -> GraphQLError | None:
    """The error for what goes beyond a limit; None when nothing does."""
    for what, limit, actual in (
        ("levels", DEPTH_MAX, size.depth),
        ("levels of introspection", INTROSPECTION_DEPTH_MAX, size.introspection_depth),
        ("copies of one field in one selection", COPIES_MAX, size.most),
        ("fields", FIELDS_MAX, size.fields),
        ("objects in the answer", OBJECTS_MAX, size.objects),
    ):
        if actual > limit:
            return GraphQLError(
                f"The operation asks for {actual} {what}; the most is {limit}. Ask for less, or in several requests.",
                extensions={"code": "COST_EXCEEDED", "limit": limit, "actual": actual},
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
                measured(context.graphql_document, context.variables or {})
            )
            if error is not None:
                context.pre_execution_errors = [error]
        yield
