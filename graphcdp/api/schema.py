"""The schema: all types joined, with limits and the one way for errors."""

from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLInputObjectType
from graphql.pyutils import Undefined
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types import ExecutionContext, ExecutionResult

from graphcdp.api.access import guard
from graphcdp.api.catalog import CatalogQueries
from graphcdp.api.change_subscriptions import ChangeSubscriptions
from graphcdp.api.changes import CHANGES, ChangeQueries
from graphcdp.api.consent_edits import ConsentMutations
from graphcdp.api.context import Context
from graphcdp.api.customers import MergedCustomer
from graphcdp.api.decisions import ConflictMutations
from graphcdp.api.discovery_edits import DiscoveryMutations
from graphcdp.api.errors import USER_ERRORS
from graphcdp.api.events import Event
from graphcdp.api.execution import Executor
from graphcdp.api.failures import Failures, shown
from graphcdp.api.identities import Device
from graphcdp.api.identity_edits import IdentityMutations
from graphcdp.api.jobs import JobQueries, JobSubscriptions
from graphcdp.api.limits import Limits
from graphcdp.api.me import VisitorQueries
from graphcdp.api.merges import CustomerSplit
from graphcdp.api.mutations import RecordMutations
from graphcdp.api.previews import PreviewQueries
from graphcdp.api.queries import ReadQueries
from graphcdp.api.replay import ReplayMutations
from graphcdp.api.rule_texts import RuleTextQueries
from graphcdp.api.rules import RulesMutations, RulesQueries
from graphcdp.api.scalars import SCALARS
from graphcdp.api.segment_edits import SegmentMutations
from graphcdp.api.segments import SegmentQueries
from graphcdp.api.sources import SourceQueries
from graphcdp.api.webhook_edits import WebhookMutations
from graphcdp.api.webhooks import WebhookQueries


@strawberry.type(description="Everything that can be read.")
class Query(
    VisitorQueries,
    ReadQueries,
    PreviewQueries,
    RulesQueries,
    JobQueries,
    SegmentQueries,
    RuleTextQueries,
    CatalogQueries,
    SourceQueries,
    ChangeQueries,
    WebhookQueries,
):
    """Joins the queries."""


@strawberry.type(
    description=(
        "Everything that can be written. Several mutations in one request run one after another, each in its "
        "own transaction."
    )
)
class Mutation(
    RecordMutations,
    ConsentMutations,
    IdentityMutations,
    ConflictMutations,
    RulesMutations,
    SegmentMutations,
    DiscoveryMutations,
    ReplayMutations,
    WebhookMutations,
):
    """Joins the mutations."""


class _Names(NameConverter):
    """Strawberry's names, each made once: arguments of every request are looked up by them."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, str] = {}

    def apply_naming_config(self, name: str) -> str:
        """The name as the schema has it."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = super().apply_naming_config(name)
        return found


@strawberry.type(
    description="Everything that can be followed, by the protocol graphql-transport-ws or as server-sent events."
)
class Subscription(ChangeSubscriptions, JobSubscriptions):
    """Joins the subscriptions."""


class _Schema(strawberry.Schema):
    async def execute(self, *args: Any, **named: Any) -> ExecutionResult:
        """Execute one operation; no error leaves without a code, wherever it came from."""
        result = await super().execute(*args, **named)
        if result.errors:
            context = named.get("context_value")
            request_id = context.request_id if isinstance(context, Context) else ""
            result.errors = [
                error if "code" in (error.extensions or {}) else shown(error, "BAD_USER_INPUT", request_id)
                for error in result.errors
            ]
        return result

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `shown` logs what is a fault of the server, and nobody's data."""


def _without_null_defaults(built: strawberry.Schema) -> None:
    # Python's None for an absent argument would show as `= null`, which says nothing to a caller.
    for graphql_type in built._schema.type_map.values():
        if isinstance(graphql_type, GraphQLInputObjectType):
            inputs = [graphql_type.fields]
        else:
            inputs = [one.args for one in getattr(graphql_type, "fields", {}).values()]
        for named in inputs:
            for given in named.values():
                if given.default_value is None:
                    given.default_value = Undefined


def build_schema() -> strawberry.Schema:
    """The schema, without any state: all of it comes with the context of a request."""
    built = _Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*USER_ERRORS, MergedCustomer, Event, Device, CustomerSplit, *CHANGES],
        extensions=[Failures, Limits],
        config=StrawberryConfig(name_converter=_Names(), scalar_map=SCALARS, disable_field_suggestions=False),
    )
    _without_null_defaults(built)
    guard(built)
    return built


schema = build_schema()
executor = Executor(schema)


def schema_text() -> str:
    """The schema in GraphQL's own language, as the file schema.graphql holds it."""
    return print_schema(schema) + "\n"
