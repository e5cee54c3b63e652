"""A selection with how each field is read: a tree of levels, one for each kind of object on the way.

A field without a plan makes everything above it unplanned, up to the root
field: an answer is shaped either here or by graphql-core, never half and half.
So does one that may fail alone and may not be null, since it takes away what is around it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type, is_non_null_type
from graphql.language import FieldNode, SelectionSetNode

from graphcdp.plan.fields import Fixed, Nested, OneOf, Paged, Place, Plan, Refused, Told
from graphcdp.plan.selection import Selections, selection_sets

PlanOf: TypeAlias = Callable[[str, str], Plan | None]
"""`plan_of(type, field)`: how a field is read; None when it is not planned."""

TYPENAME = "__typename"


class UnplannedError(Exception):
    """A field below has no plan; the message names it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field that is asked for.

    key: its name in the answer. name, definition, nodes: as in the schema and the
    document. number: among the fields of the plan; parameters are called
    after it. plan: None below what Python tells. levels: what is asked of its value, by type.
    """

    key: str
    name: str
    number: int
    nodes: list[FieldNode]
    definition: GraphQLField | None = None
    plan: Plan | None = None
    levels: "dict[str, Level]" = field(default_factory=dict)

    @property
    def node(self) -> FieldNode:
        """The first of its nodes, which has the same arguments as all others."""
        return self.nodes[0]

    @property
    def level(self) -> "Level":
        """What is asked of its value, which is of one type."""
        (only,) = self.levels.values()
        return only


@dataclass(frozen=True, slots=True)
class Level:
    """What is asked of an object of this type, in the answer's order."""

    type: str
    fields: tuple[Wanted, ...]


class Levels:
    """Builds the levels of one operation; `wanted` gathers its fields, each at the place of its number."""

    def __init__(self, schema: GraphQLSchema, selections: Selections, plan_of: PlanOf) -> None:
        self._schema = schema
        self._selections = selections
        self._plan_of = plan_of
        self.wanted: list[Wanted] = []

    def root(self, of: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Wanted:
        """A root field with all below it. Raises UnplannedError, and gathers nothing then."""
        before = len(self.wanted)
        try:
            made = self._field(of, key, nodes)
            if made.definition is not None and isinstance(made.plan, Fixed | Refused):
                raise UnplannedError(f"{of.name}.{made.name} reads nothing")
        except UnplannedError:
            del self.wanted[before:]
            raise
        return made

    def _level(self, of: GraphQLObjectType, sets: Sequence[SelectionSetNode], *, told: bool = False) -> Level:
        asked = self._selections.fields(of, sets)
        return Level(of.name, tuple(self._field(of, key, nodes, told=told) for key, nodes in asked.items()))

    def _field(self, of: GraphQLObjectType, key: str, nodes: Sequence[FieldNode], *, told: bool = False) -> Wanted:
        name = nodes[0].name.value
        if name == TYPENAME:
            return self._gathered(Wanted(key, name, len(self.wanted), list(nodes), plan=Fixed(of.name)))
        definition = of.fields.get(name)
        plan = None if told else self._plan_of(of.name, name)
        if definition is None or (plan is None and not told):
            raise UnplannedError(f"{of.name}.{name}")
        if may_fail(plan) and is_non_null_type(definition.type):
            raise UnplannedError(f"{of.name}.{name} may fail and may not be null")
        made = self._gathered(Wanted(key, name, len(self.wanted), list(nodes), definition, plan))
        if isinstance(plan, Fixed | Refused):
            return made
        sets = selection_sets(nodes)
        if sets:
            for one in self._types(definition, plan):
                made.levels[one.name] = self._level(one, sets, told=told or isinstance(plan, Told))
        elif isinstance(plan, Nested | OneOf | Paged):
            raise UnplannedError(f"{of.name}.{name} is no object")
        return made

    def _gathered(self, wanted: Wanted) -> Wanted:
        self.wanted.append(wanted)
        return wanted

    def _types(self, definition: GraphQLField, plan: Plan | None) -> list[GraphQLObjectType]:
        if isinstance(plan, OneOf):
            found: list[Any] = [self._schema.get_type(name) for name in plan.by_type]
        else:
            named = get_named_type(definition.type)
            if isinstance(plan, Place) and is_abstract_type(named):
                found = list(self._schema.get_possible_types(named))
            else:
                found = [named]
        if not all(isinstance(one, GraphQLObjectType) for one in found):
            raise UnplannedError("an abstract type needs OneOf")
        return found


def may_fail(plan: Plan | None) -> bool:
    """Whether objects can have an error in place of a field with this plan."""
    return isinstance(plan, Refused) or (isinstance(plan, Nested) and plan.missing is not None)
