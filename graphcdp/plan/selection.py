"""What an operation asks for: fields by response name, fragments and directives worked in.

As the specification collects fields: a name that stands several times, in
fragments or beside them, is one field whose selections are joined.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, is_abstract_type
from graphql.language import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    visit,
)


class Selections:
    """The selections of one document for given values of its variables in @include and @skip."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, switches: Mapping[str, Any]) -> None:
        self._schema = schema
        self._switches = switches
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def fields(self, of: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """What is asked of an object of this type: response name -> the nodes that ask, in the answer's order."""
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection_set in sets:
            for node in self._walk(of, selection_set, spread):
                found.setdefault(response_name(node), []).append(node)
        return found

    def _walk(self, of: GraphQLObjectType, selections: SelectionSetNode, spread: set[str]) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if self._applies(node.type_condition, of):
                    yield from self._walk(of, node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(fragment.type_condition, of):
                    yield from self._walk(of, fragment.selection_set, spread)

    def _applies(self, condition: NamedTypeNode | None, of: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == of.name:
            return True
        wanted = self._schema.get_type(condition.name.value)
        return is_abstract_type(wanted) and self._schema.is_sub_type(wanted, of)

    def _included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("include", "skip") and self._truth(_condition(directive)) is (name == "skip"):
                return False
        return True

    def _truth(self, value: ValueNode) -> Any:
        if isinstance(value, VariableNode):
            return self._switches[value.name.value]
        return value.value if isinstance(value, BooleanValueNode) else None


def response_name(node: FieldNode) -> str:
    """The name of a field in the answer."""
    return node.alias.value if node.alias else node.name.value


def selection_sets(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    """What the nodes of one field ask of its value."""
    return [node.selection_set for node in nodes if node.selection_set is not None]


def switches_of(document: DocumentNode) -> tuple[str, ...]:
    """Names of the variables that decide in @include and @skip which fields there are, sorted."""
    found: set[str] = set()

    class Finder(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            if node.name.value in ("include", "skip"):
                condition = _condition(node)
                if isinstance(condition, VariableNode):
                    found.add(condition.name.value)

    visit(document, Finder())
    return tuple(sorted(found))


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation of this name, or the only one; None when it is not clear which."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is not None:
        operations = [one for one in operations if one.name is not None and one.name.value == name]
    return operations[0] if len(operations) == 1 else None


def _condition(directive: DirectiveNode) -> ValueNode:
    return next(argument.value for argument in directive.arguments or () if argument.name.value == "if")
