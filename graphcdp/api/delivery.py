"""A subscription to the feed taken apart: of a batch, of a change, of customers and events of changes.

    subscription { changes { cursor nodes { kind customer { id } } } }

becomes the operation without `customer` and `event`, which graphql-core answers
from the changes themselves, and a query for the customers and events of a batch,
which is planned as any query is: one statement. Nothing here reads.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, TypeInfo, TypeInfoVisitor, get_named_type, parse, print_ast
from graphql.language import (
    REMOVE,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    NameNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

from graphcdp.plan.selection import Selections, operation_of, selection_sets, switches_of

BATCH = "ChangeBatch"
CHANGE = "Change"
LIST = "nodes"
"""The field of a batch that holds its changes."""
CUSTOMER, EVENT = "customer", "event"
INTO = "__into"
_EMPTY = "__empty"


@dataclass(slots=True)
class Delivery:
    """What a subscription asks for, for given values of its @include and @skip variables.

    root: the root field's name in the answer. batch: (name in the answer, field) of what is asked of a batch.
    changes: the operation without customers and events. planned: the query for them; None when none are asked
    for. shape: (name of the list, type of a change) -> (name in the answer, number of the selection in `planned`
    or None) of each field. selections: the field of a change, CUSTOMER or EVENT, that each selection is of.
    """

    root: str
    batch: list[tuple[str, str]]
    changes: DocumentNode
    operation_name: str | None
    planned: DocumentNode | None = None
    shape: dict[tuple[str, str], list[tuple[str, int | None]]] = field(default_factory=dict)
    selections: list[str] = field(default_factory=list)

    @property
    def lists(self) -> list[str]:
        """Names in the answer of the lists of changes, mostly one."""
        return [key for key, name in self.batch if name == LIST]


def ids_variable(number: int) -> str:
    """The variable with the ids for a selection; no caller can have one of this name by accident."""
    return f"__ids{number}"


def root_of(number: int) -> str:
    """The name in the answer of a selection."""
    return f"q{number}"


def is_of_feed(schema: GraphQLSchema, operation: OperationDefinitionNode) -> bool:
    """Does this valid operation follow the feed?"""
    if operation.operation is not OperationType.SUBSCRIPTION or schema.subscription_type is None:
        return False
    fields = schema.subscription_type.fields
    found = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    # By a fragment it may be asked as well; such a rare one goes the slow way.
    return bool(found) and all(
        node.name.value in fields and get_named_type(fields[node.name.value].type).name == BATCH for node in found
    )


def taken_apart(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, switches: Mapping[str, Any], *, own: bool
) -> Delivery:
    """The parts of a valid subscription for which `is_of_feed` holds.

    own: whoever asks sees one customer, `me`; of events, resolvers tell which it may see.
    """
    operation = operation_of(document, operation_name)
    assert operation is not None
    subscription_type, batch_type = schema.subscription_type, schema.get_type(BATCH)
    assert subscription_type is not None
    assert isinstance(batch_type, GraphQLObjectType)
    selections = Selections(schema, document, switches)
    ((root, nodes),) = selections.fields(subscription_type, [operation.selection_set]).items()
    batch = selections.fields(batch_type, selection_sets(nodes))
    planned = frozenset((CUSTOMER,) if own else (CUSTOMER, EVENT))
    left = _without(schema, document, planned)
    delivery = Delivery(root, [(key, of[0].name.value) for key, of in batch.items()], left, operation_name)
    numbers: dict[tuple[str, str], int] = {}
    change_type: Any = schema.get_type(CHANGE)
    for of in schema.get_possible_types(change_type):
        for key in delivery.lists:
            asked = selections.fields(of, selection_sets(batch[key]))
            delivery.shape[key, of.name] = [
                (name, _number(numbers, nodes) if nodes[0].name.value in planned else None)
                for name, nodes in asked.items()
            ]
    delivery.selections = [field for field, _ in numbers]
    if numbers:
        delivery.planned = _query(document, operation, list(numbers), own=own)
    return delivery


def variables_below(operation: OperationDefinitionNode, document: DocumentNode) -> tuple[str, ...]:
    """Names of the variables that decide more than which changes come, sorted."""
    below: list[Node] = [
        node.selection_set
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode) and node.selection_set is not None
    ]
    below += [one for one in document.definitions if isinstance(one, FragmentDefinitionNode)]
    found = {name for node in below for name in _variables(node)}
    return tuple(sorted(found.union(switches_of(document))))


def _number(numbers: dict[tuple[str, str], int], nodes: Sequence[FieldNode]) -> int:
    text = "\n".join(print_ast(one) for node in selection_sets(nodes) for one in node.selections)
    return numbers.setdefault((nodes[0].name.value, text), len(numbers))


def _query(
    document: DocumentNode, operation: OperationDefinitionNode, asked: Sequence[tuple[str, str]], *, own: bool
) -> DocumentNode:
    """The query for customers by id, each as it is now, behind all merges, or for whoever asks; and for events."""
    declared = [print_ast(one) for one in operation.variable_definitions or ()]
    roots = []
    for number, (of, text) in enumerate(asked):
        if own:
            roots.append(f"{root_of(number)}: me {{ {text} }}")
            continue
        declared.append(f"${ids_variable(number)}: [ID!]!")
        parts = (
            f"... on Customer {{ {text} }} ... on MergedCustomer {{ {INTO}: mergedInto {{ {text} }} }}"
            if of == CUSTOMER
            else f"... on Event {{ {text} }}"
        )
        roots.append(f"{root_of(number)}: nodes(ids: ${ids_variable(number)}) {{ {parts} }}")
    fragments = [print_ast(one) for one in document.definitions if isinstance(one, FragmentDefinitionNode)]
    head = f"query({', '.join(declared)})" if declared else "query"
    return parse("\n".join([f"{head} {{ {' '.join(roots)} }}", *fragments]))


def _without(schema: GraphQLSchema, document: DocumentNode, names: Collection[str]) -> DocumentNode:
    """The document without these fields of changes."""
    info = TypeInfo(schema)

    class Remover(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> Any:
            parent = info.get_parent_type()
            is_change = parent is not None and (parent.name == CHANGE or _is_change(schema, parent))
            return REMOVE if is_change and node.name.value in names else None

        def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> Any:
            if node.selections:
                return None
            empty = FieldNode(name=NameNode(value="__typename"), alias=NameNode(value=_EMPTY))
            return SelectionSetNode(selections=(empty,))

    left: DocumentNode = visit(document, TypeInfoVisitor(info, Remover()))
    return left


def _is_change(schema: GraphQLSchema, of: Any) -> bool:
    return any(one.name == CHANGE for one in getattr(of, "interfaces", ()))


def _variables(node: Node) -> Iterator[str]:
    found: list[str] = []

    class Finder(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found.append(node.name.value)

    visit(node, Finder())
    return iter(found)
