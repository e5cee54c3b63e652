"""The schema as the planner sees it: how each field is read, its arguments, and what Python tells itself."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import VariableNode, Visitor, visit
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from graphcdp.api.context import Context
from graphcdp.api.fields import MASKED_PLAN, PLAN
from graphcdp.api.scalars import JsonText
from graphcdp.plan.fields import Leaf, Nested, OneOf, Paged, Plan, Told
from graphcdp.plan.finish import Bag, Finish, Given, Touch
from graphcdp.plan.levels import TYPENAME, Level, Wanted

_DEFINITION = "strawberry-definition"

NOTHING = Given()


class Description:
    """What the fields of a schema say of themselves."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.graphql: GraphQLSchema = schema._schema
        self._scalars = schema.schema_converter.scalar_registry
        self._config = schema.config

    def plan_of(self, type_name: str, field_name: str) -> Plan | None:
        """How a field is read; None when it has no plan."""
        return self._planned(type_name, field_name, PLAN)

    def masked_plan_of(self, type_name: str, field_name: str) -> Plan | None:
        """How a personal field is read for those who may not see it; None when it does not say."""
        return self._planned(type_name, field_name, MASKED_PLAN)

    def _planned(self, type_name: str, field_name: str, name: str) -> Plan | None:
        of = self.graphql.get_type(type_name)
        definition = of.fields.get(field_name) if isinstance(of, GraphQLObjectType) else None
        found: Plan | None = None if definition is None else _field_of(definition).metadata.get(name)
        return found

    def given(self, wanted: Wanted, variables: VariableValues, context: Context) -> Given:
        """The arguments of a field, and what it comes to with them. Raises what its resolver would."""
        if wanted.definition is None:
            return NOTHING
        plan = wanted.plan
        if isinstance(plan, Nested) and plan.plainly and plan.ask is not None:
            return Given(asked=plan.ask(context, **get_argument_values(wanted.definition, wanted.node, variables)))
        arguments = self._arguments(wanted, wanted.definition, variables)
        if isinstance(plan, Leaf | Nested | OneOf | Paged) and plan.ask is not None:
            return Given(arguments, plan.ask(context, **arguments))
        return Given(arguments) if arguments else NOTHING

    def _arguments(self, wanted: Wanted, definition: GraphQLField, variables: VariableValues) -> dict[str, Any]:
        """The arguments as the field's resolver has them."""
        if not definition.args:
            return {}
        given = get_argument_values(definition, wanted.node, variables)
        field = _field_of(definition)
        return convert_arguments(given, field.arguments, self._scalars, self._config)


class Telling:
    """Makes the answers of fields that Python tells."""

    def touch(self, wanted: Wanted) -> Touch | None:
        """What makes it of what was found alone; None when that is not enough."""
        plan = wanted.plan
        assert isinstance(plan, Told)
        if not wanted.levels:
            return None if wanted.definition and wanted.definition.args else plan.make
        fields = wanted.level.fields
        if plan.absent is not None and all(one.name == plan.whole and not one.node.arguments for one in fields):
            return Bag(tuple(one.key for one in fields), orjson.Fragment, plan.absent)
        return None

    def finish(self, wanted: Wanted) -> Finish:
        """What makes it of what was found and of the arguments below."""
        plan, number = wanted.plan, wanted.number
        assert isinstance(plan, Told)
        make = plan.make
        shape = _object(wanted.level) if wanted.levels else None

        def finish(found: Any, given: Sequence[Given]) -> Any:
            found = plan.absent if found is None else found
            made = None if found is None else make(found, **given[number].arguments)
            return made if made is None or shape is None else shape(made, given)

        return finish


def varies(wanted: Wanted) -> bool:
    """Whether the field's arguments depend on variables."""
    return any(_mentions_variable(argument) for argument in wanted.node.arguments or ())


def _mentions_variable(node: Any) -> bool:
    found: list[VariableNode] = []

    class Finder(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found.append(node)

    visit(node, Finder())
    return bool(found)


def _field_of(definition: GraphQLField) -> StrawberryField:
    found: StrawberryField = definition.extensions[_DEFINITION]
    return found


def _object(level: Level) -> Callable[[Any, Sequence[Given]], dict[str, Any]]:
    parts = [(one.key, _part(level, one)) for one in level.fields]
    return lambda source, given: {key: part(source, given) for key, part in parts}


def _part(level: Level, wanted: Wanted) -> Callable[[Any, Sequence[Given]], Any]:
    """A field of an object in Python, by its own resolver."""
    if wanted.name == TYPENAME:
        return lambda source, given: level.type
    assert wanted.definition is not None
    field, number = _field_of(wanted.definition), wanted.number
    write = _object(wanted.level) if wanted.levels else _written(wanted.definition.type)
    resolver = field.base_resolver

    def part(source: Any, given: Sequence[Given]) -> Any:
        arguments = given[number].arguments
        value = getattr(source, field.python_name) if resolver is None else resolver(source, **arguments)
        return None if value is None else write(value, given)

    return part


def _written(of: Any) -> Callable[[Any, Sequence[Given]], Any]:
    """A value as answers have it."""
    while is_non_null_type(of):
        of = of.of_type
    if is_list_type(of):
        one = _written(of.of_type)
        return lambda values, given: [None if value is None else one(value, given) for value in values]
    leaf = get_named_type(of)
    assert is_leaf_type(leaf)
    serialize = leaf.serialize

    def write(value: Any, given: Sequence[Given]) -> Any:
        return orjson.Fragment(value.text) if isinstance(value, JsonText) else serialize(value)

    return write
