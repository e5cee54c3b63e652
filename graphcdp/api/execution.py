"""Executes operations: what is planned as one Cypher statement, the rest by graphql-core, merged in order.

    a document that is known      parsed, validated and planned once
    anything wrong with it        strawberry.Schema.execute, which tells what
    variables or arguments wrong  graphql-core, whose resolvers tell what

So errors are worded, coded and placed in one way, whether a field is planned or not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import strawberry
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, execute, is_non_null_type, parse, specified_rules
from graphql.error import located_error
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode, OperationType, SelectionSetNode
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType as StrawberryOperationType
from strawberry.utils.await_maybe import await_maybe

from graphcdp.api.access import needs_by_field
from graphcdp.api.context import Context
from graphcdp.api.failures import shown
from graphcdp.api.limits import TOKENS_MAX, excess, measured, size_variables
from graphcdp.api.masking import plans_for
from graphcdp.api.planned import NOTHING, Description, Telling, varies
from graphcdp.model.errors import GraphCDPError
from graphcdp.model.principals import Principal
from graphcdp.model.statement import Statement
from graphcdp.plan.finish import Failed, Given, failures
from graphcdp.plan.levels import TYPENAME, Levels, UnplannedError, Wanted, may_fail
from graphcdp.plan.selection import Selections, operation_of, switches_of
from graphcdp.plan.single import is_about_one
from graphcdp.plan.write import Written, write
from graphcdp.read.pages import cursor

_READS = frozenset((OperationType.QUERY,))
_ANSWERED_ONCE = frozenset((OperationType.QUERY, OperationType.MUTATION))
_STRAWBERRY_READS = frozenset((StrawberryOperationType.QUERY,))
_STRAWBERRY_ANSWERED_ONCE = frozenset((StrawberryOperationType.QUERY, StrawberryOperationType.MUTATION))
DOCUMENTS_MAX = 1000
VARIANTS_MAX = 50
"""Of one document: sizes of pages, and of an operation: statements. Above it the oldest is forgotten."""


@dataclass(slots=True)
class _Operation:
    """An operation for given values of its @include and @skip variables, and what a principal may have of it.

    roots: its root fields by name in the answer; None where graphql-core answers.
    rest: the document with those alone, None when there are none. fallible: objects
    may have errors of their own. given: what is
    given to each field of the plan in every request; varying: fields of which it is not known.
    """

    roots: dict[str, Wanted | None]
    wanted: list[Wanted]
    rest: DocumentNode | None
    fallible: bool
    varying: list[Wanted] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    written: "OrderedDict[tuple[Any, ...], Written]" = field(default_factory=OrderedDict)

    @property
    def planned(self) -> list[Wanted]:
        """The root fields that are read from the database, in the answer's order."""
        return [root for root in self.roots.values() if root is not None and root.name != TYPENAME]


@dataclass(slots=True)
class _Known:
    """A document that is valid, with the operation that was asked for."""

    document: DocumentNode
    operation: OperationDefinitionNode
    switches: tuple[str, ...]
    sizes: tuple[str, ...]
    fitting: "OrderedDict[tuple[Any, ...], bool]" = field(default_factory=OrderedDict)
    plans: dict[tuple[Any, ...], _Operation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that can begin. switches: values of the variables of its @include and @skip."""

    document: DocumentNode
    operation: OperationDefinitionNode
    switches: dict[str, Any]


class Executor:
    """Executes the operations of a schema; keeps what it learned of their documents."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = schema
        self._description = Description(schema)
        self._telling = Telling()
        self._needs = needs_by_field(schema)
        self._known: OrderedDict[tuple[str, str | None], _Known] = OrderedDict()

    @property
    def graphql(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self._description.graphql

    async def execute(
        self,
        text: str,
        variables: Mapping[str, Any] | None,
        context: Context,
        operation_name: str | None = None,
        *,
        reads_only: bool = False,
        remembered_as: Hashable | None = None,
    ) -> ExecutionResult:
        """Execute one operation of a document.

        reads_only: queries alone. remembered_as: under which name the answer may be kept in memory, where
        it is not looked for. Raises OverloadedError for a mutation while too many messages wait. Other errors
        as `strawberry.Schema.execute`: those of callers are in the result; raises what it raises for subscriptions.
        """
        given = dict(variables or {})
        known = self._document(text, operation_name)
        refused = known is not None and known.operation.operation not in (_READS if reads_only else _ANSWERED_ONCE)
        if known is None or refused or not self._fits(known, given):
            return await self._schema.execute(
                text,
                variable_values=given or None,
                context_value=context,
                operation_name=operation_name,
                allowed_operation_types=_STRAWBERRY_READS if reads_only else _STRAWBERRY_ANSWERED_ONCE,
            )
        if known.operation.operation is OperationType.MUTATION:
            context.recorder.check_room()
        if known.operation.operation is OperationType.QUERY:
            values = get_variable_values(
                self._description.graphql, known.operation.variable_definitions or (), given, max_errors=1
            )
            if not isinstance(values, list):
                operation = self._plan(known, values, context.principal)
                if operation.planned:
                    return await self._planned(known, operation, values, given, context, remembered_as)
        return await self.core(known.document, given, context, operation_name)

    def statement(self, text: str, variables: Mapping[str, Any], context: Context) -> Statement | None:
        """The statement that a query becomes; None when it is not planned as a whole."""
        known = self._document(text, None)
        if known is None:
            return None
        definitions = known.operation.variable_definitions or ()
        values = get_variable_values(self._description.graphql, definitions, dict(variables))
        if isinstance(values, list):
            return None
        operation = self._plan(known, values, context.principal)
        if operation.rest is not None:
            return None
        given = self._given(operation, values, context)
        return self._written(operation, given).statement(given)

    def subscription(self, text: str, variables: Mapping[str, Any], operation_name: str | None) -> Subscribed | None:
        """A subscription that is valid and within its limits, with variables that fit; None for anything else."""
        known = self._document(text, operation_name)
        if known is None or known.operation.operation is not OperationType.SUBSCRIPTION:
            return None
        given = dict(variables)
        definitions = known.operation.variable_definitions or ()
        if not self._fits(known, given):
            return None
        values = get_variable_values(self._description.graphql, definitions, given, max_errors=1)
        if isinstance(values, list):
            return None
        switches = {name: values.coerced.get(name) for name in known.switches}
        return Subscribed(known.document, known.operation, switches)

    def prepared(self, document: DocumentNode) -> "_Known":
        """A query that was made here, valid by how it was made, for `read`."""
        operation = operation_of(document, None)
        assert operation is not None
        return _Known(document, operation, switches_of(document), ())

    async def read(self, known: "_Known", variables: dict[str, Any], context: Context) -> ExecutionResult:
        """The answer to a prepared query."""
        values = get_variable_values(
            self._description.graphql, known.operation.variable_definitions or (), variables, max_errors=1
        )
        assert not isinstance(values, list)
        operation = self._plan(known, values, context.principal)
        if operation.planned:
            return await self._planned(known, operation, values, variables, context, None)
        return await self.core(known.document, variables, context, None)

    def _document(self, text: str, operation_name: str | None) -> _Known | None:
        """What is known of a document; None for one with which something is wrong."""
        name = (text, operation_name)
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
            operation = operation_of(document, operation_name)
            # Measured before it is validated, as everywhere: validating a large one takes too long.
            if operation is None or excess(measured(document, {}, self._schema)) is not None:
                return None
            if validate_document(self._description.graphql, document, tuple(specified_rules)):
                return None
        except (GraphQLError, RecursionError):
            return None
        known = _Known(document, operation, switches_of(document), size_variables(document, self._schema))
        _keep(self._known, name, known, DOCUMENTS_MAX)
        return known

    def _fits(self, known: _Known, variables: Mapping[str, Any]) -> bool:
        """Whether the operation is within its limits for these sizes of pages."""
        sizes = tuple(_size_in(variables.get(name)) for name in known.sizes)
        fits = known.fitting.get(sizes)
        if fits is None:
            fits = excess(measured(known.document, variables, self._schema)) is None
            _keep(known.fitting, sizes, fits, VARIANTS_MAX)
        return fits

    def _plan(self, known: _Known, values: VariableValues, principal: Principal) -> _Operation:
        switches = {name: values.coerced.get(name) for name in known.switches}
        # Nothing else of a principal decides what it is shown.
        name = (principal.asking, principal.scopes, *switches.values())
        found = known.plans.get(name)
        if found is None:
            found = known.plans[name] = self._planning(known, switches, principal)
        return found

    def _planning(self, known: _Known, switches: Mapping[str, Any], principal: Principal) -> _Operation:
        schema = self._description.graphql
        of = schema.query_type
        assert isinstance(of, GraphQLObjectType)
        selections = Selections(schema, known.document, switches)

        levels = Levels(schema, selections, plans_for(principal, self._description, self._needs))
        nodes = selections.fields(of, [known.operation.selection_set])
        roots: dict[str, Wanted | None] = {}
        for key, of_key in nodes.items():
            try:
                roots[key] = levels.root(of, key, of_key)
            except UnplannedError:
                roots[key] = None
        left = [node for key, of_key in nodes.items() if roots[key] is None for node in of_key]
        fallible = any(may_fail(wanted.plan) for wanted in levels.wanted)
        return _Operation(roots, levels.wanted, _only(known, left) if left else None, fallible)

    async def _planned(
        self,
        known: _Known,
        operation: _Operation,
        values: VariableValues,
        variables: dict[str, Any],
        context: Context,
        remembered_as: Hashable | None,
    ) -> ExecutionResult:
        name = known.operation.name.value if known.operation.name else None
        try:
            given = self._given(operation, values, context)
        except Exception:  # noqa: BLE001  # whatever it is, the resolvers raise it too, and tell it in its place
            return await self.core(known.document, variables, context, name)
        written = self._written(operation, given)
        if operation.rest is None:
            if remembered_as is not None and is_about_one(operation.planned, given):
                return await self._about_one(operation, written, given, context, remembered_as)
            rest = ExecutionResult(data={}, errors=None)
            found = await self._read(operation, written, given, context)
        else:
            found, rest = await asyncio.gather(
                self._read(operation, written, given, context),
                self.core(operation.rest, variables, context, name),
            )
        return self._merged(operation, found, rest, context)

    async def _about_one(
        self, operation: _Operation, written: Written, given: Sequence[Given], context: Context, name: Hashable
    ) -> ExecutionResult:
        """The answer about one customer, which is remembered under this name when it tells the customer's id."""
        assert context.remembered is not None
        begun = context.remembered.begin()
        found = await self._read(operation, written, given, context)
        result = self._merged(operation, found, ExecutionResult(data={}, errors=None), context)
        (root,) = operation.planned
        customer = (result.data or {}).get(root.key)
        told_id = next((one.key for one in root.level.fields if one.name == "id"), None)
        if isinstance(customer, dict) and told_id is not None and not result.errors:
            context.remembered.put(name, customer[told_id], orjson.dumps(result.data), begun)
        return result

    def _given(self, operation: _Operation, values: VariableValues, context: Context) -> list[Given]:
        """What the request gives to each field, by number. Raises what the fields' resolvers would."""
        first = not operation.given
        given = [NOTHING] * len(operation.wanted) if first else operation.given.copy()
        varying: list[Wanted] = []
        for wanted in operation.wanted if first else operation.varying:
            found = given[wanted.number] = self._description.given(wanted, values, context)
            if first and (found.asked.fleeting or varies(wanted)):
                varying.append(wanted)
        if first:
            operation.varying = varying
            operation.given = given
        return given

    def _written(self, operation: _Operation, given: Sequence[Given]) -> Written:
        # What does not vary has the shape that it always has.
        shape = tuple(given[wanted.number].asked.shape for wanted in operation.varying)
        found = operation.written.get(shape)
        if found is None:
            asked = [one.asked for one in given]
            found = write(operation.planned, asked, cursor, self._telling)
            _keep(operation.written, shape, found, VARIANTS_MAX)
        return found

    async def _read(
        self, operation: _Operation, written: Written, given: Sequence[Given], context: Context
    ) -> "list[Any] | GraphCDPError":
        """The values of the planned root fields, or why there are none."""
        try:
            row = await context.store.read_value(written.statement(given))
        except GraphCDPError as error:
            return error
        values: list[Any] = written.finish(row, given)
        return values

    def _merged(
        self,
        operation: _Operation,
        found: "list[Any] | GraphCDPError",
        rest: ExecutionResult,
        context: Context,
    ) -> ExecutionResult:
        errors = list(rest.errors or ())
        whole = rest.data is not None
        data: dict[str, Any] = {}
        values = iter(found) if isinstance(found, list) else None
        for key, root in operation.roots.items():
            if root is None:
                data[key] = (rest.data or {}).get(key)
            elif root.definition is None:
                data[key] = "Query"
            elif values is not None:
                data[key] = next(values)
                # Where the whole answer is null, nothing is told about its parts.
                if operation.fallible and whole:
                    errors += [_told(failed, path, context) for failed, path in failures(data[key], [key])]
            else:
                assert isinstance(found, GraphCDPError)
                located = located_error(found, root.nodes, [key])
                errors.append(shown(located, "BAD_USER_INPUT", context.request_id))
                data[key] = None
                whole = whole and not is_non_null_type(root.definition.type)
        return ExecutionResult(data=data if whole else None, errors=errors or None)

    async def core(
        self,
        document: DocumentNode,
        variables: dict[str, Any],
        context: Context,
        operation_name: str | None,
        root: object = None,
    ) -> ExecutionResult:
        """The operation by graphql-core; the document is valid. root: the event, for a subscription's answer to it."""
        result = await await_maybe(
            execute(
                self._description.graphql,
                document,
                root,
                variable_values=variables or None,
                operation_name=operation_name,
                context_value=context,
                executor_class=self._schema.execution_context_class,
                operation_extensions=None,
            )
        )
        errors = [shown(error, "BAD_USER_INPUT", context.request_id) for error in result.errors or ()]
        return ExecutionResult(data=result.data, errors=errors or None)


def _told(failed: Failed, path: list[str | int], context: Context) -> GraphQLError:
    """The error of a field at this path."""
    return shown(located_error(failed.error, failed.wanted.nodes, path), "BAD_USER_INPUT", context.request_id)


def _size_in(given: Any) -> Any:
    """What of a variable's value the size of an operation can depend on, to be compared."""
    if isinstance(given, list):
        return "list", len(given)
    if isinstance(given, dict):
        return "object", tuple((name, _size_in(value)) for name, value in sorted(given.items()))
    return given if isinstance(given, int) else None


def _only(known: _Known, nodes: Sequence[FieldNode]) -> DocumentNode:
    """The document whose operation has these root fields alone."""
    kept = known.operation
    operation = OperationDefinitionNode(
        operation=kept.operation,
        name=kept.name,
        variable_definitions=kept.variable_definitions,
        directives=kept.directives,
        selection_set=SelectionSetNode(selections=tuple(nodes)),
        loc=kept.loc,
    )
    return DocumentNode(
        definitions=tuple(operation if one is kept else one for one in known.document.definitions),
        loc=known.document.loc,
    )


def _keep(cache: "OrderedDict[Any, Any]", name: Any, value: Any, most: int) -> None:
    """Keep a value; forget the oldest one above `most`."""
    cache[name] = value
    if len(cache) > most:
        cache.popitem(last=False)
