"""Identity rules: read, tried and changed."""

import asyncio
from enum import Enum
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_live
from graphcdp.api.errors import UserError
from graphcdp.api.fields import ADMIN, READ, field, own_field, value_field
from graphcdp.api.identities import Identifier, identifier_with
from graphcdp.api.jobs import Job, job_with_id
from graphcdp.api.rules_input import (
    IdentifierNormalForm,
    IdentityMergeMode,
    IdentityRulesInput,
    SharedDeviceMode,
    rules_of,
    user_errors,
)
from graphcdp.api.scalars import DateTime, Duration
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.identifiers import BUILT_IN_KINDS
from graphcdp.model.identifiers import Identifier as IdentifierName
from graphcdp.model.times import duration_text
from graphcdp.read.jobs import job_of_version
from graphcdp.read.simulation import SampleSplit, Simulation, simulate
from graphcdp.record.rules import Origin, VersionedRules, put_in_force, rule_sets, rules_in_force
from graphcdp.resolve.rules import KindRule

HISTORY_MAX = 100
SAMPLE_MAX = 20


@strawberry.enum(description="Where a version of the rules came from.")
class IdentityRulesOrigin(Enum):
    """As `graphcdp.record.rules.Origin`."""

    DEFAULT = strawberry.enum_value("DEFAULT", description="Nobody had set any.")
    FILE = strawberry.enum_value("FILE", description="The server's rules file, when it was new.")
    API = strawberry.enum_value("API", description="Set by a caller, or at the command line.")


@strawberry.type(description="The rule for one kind of identifier.")
class IdentityKindRule:
    """Made of a rule by `of`."""

    kind: str = strawberry.field(description="The kind.")
    priority: int = strawberry.field(description="The greater, the more the kind says about who someone is; 0..1000.")
    limit: int | None = strawberry.field(
        description="How many one customer may have; evidence beyond it is refused. Null for no limit."
    )
    window: Duration | None = strawberry.field(
        description="The limit counts only those that were used within this time before a message; null for all."
    )
    blocked: list[str] = strawberry.field(description="Values that stand for nobody, in any case.")
    blocked_patterns: list[str] = strawberry.field(
        description="Regular expressions: a value that one of them fits as a whole, in any case, stands for nobody."
    )
    normalise: IdentifierNormalForm = strawberry.field(description="The normal form of values.")
    built_in: bool = strawberry.field(description="Whether the kind is always there.")

    @classmethod
    def of(cls, kind: str, rule: KindRule) -> "IdentityKindRule":
        """The rule of a kind."""
        return cls(
            kind=kind,
            priority=rule.priority,
            limit=rule.limit,
            window=None if rule.window is None else Duration(duration_text(rule.window)),
            blocked=list(rule.blocked),
            blocked_patterns=list(rule.blocked_patterns),
            normalise=IdentifierNormalForm[rule.normalise.name],
            built_in=kind in BUILT_IN_KINDS,
        )


@strawberry.type(description="A version of the rules that turn evidence into customers.")
class IdentityRules:
    """Made of a version by `of`."""

    version: int = strawberry.field(description="1, 2, ...: goes up with each change; give it to `setIdentityRules`.")
    since: DateTime = strawberry.field(description="When it came into force.")
    origin: IdentityRulesOrigin = strawberry.field(description="Where it came from.")
    note: str | None = strawberry.field(description="Why, in the words of who changed it.")
    merge: IdentityMergeMode = strawberry.field(description="When evidence may unite customers.")
    shared_device: SharedDeviceMode = strawberry.field(
        description="What happens to a device that a second user signs in on."
    )
    region: str = strawberry.field(description="Region of phone numbers without a country code: two letters.")
    kinds: list[IdentityKindRule] = value_field("Kinds of identifiers, strongest first.", size=10)

    @classmethod
    def of(cls, found: VersionedRules) -> "IdentityRules":
        """The rules of a version."""
        rules = found.rules
        ordered = sorted(rules.kinds.items(), key=lambda item: (-item[1].priority, item[0]))
        return cls(
            version=found.version,
            since=found.since,
            origin=IdentityRulesOrigin[found.origin.name],
            note=found.note,
            merge=IdentityMergeMode[rules.merge.name],
            shared_device=SharedDeviceMode[rules.shared_device.name],
            region=rules.region,
            kinds=[IdentityKindRule.of(kind, rule) for kind, rule in ordered],
        )


@strawberry.type(description="Customers that would become one.")
class MergeSample:
    """Made of ids by `of`."""

    ids: strawberry.Private[tuple[str, ...]]

    @field("The customers; at most 50.", size=5)
    async def customers(self, info: Info) -> list[Customer]:
        found = await asyncio.gather(*(customer_live(info, customer) for customer in self.ids))
        return [customer for customer in found if customer is not None]


@strawberry.type(description="How a customer would fall apart.")
class SplitSample:
    """Made of an example by the preview."""

    sample: strawberry.Private[SampleSplit]

    @field("The customer; null when it was merged or erased meanwhile.")
    async def customer(self, info: Info) -> Customer | None:
        return await customer_live(info, self.sample.customer)

    @field(
        "Groups of identifiers, the largest first, one for each customer to be: at most 50 groups, and of each at most "
        "50 identifiers.",
        size=50,
    )
    async def groups(self, info: Info) -> list[list[Identifier]]:
        # Started together, so that they are loaded together.
        return list(await asyncio.gather(*(self._group(info, group) for group in self.sample.groups)))

    async def _group(self, info: Info, group: tuple[IdentifierName, ...]) -> list[Identifier]:
        return list(await asyncio.gather(*(identifier_with(info, one.key) for one in group)))


@strawberry.type(description="What other rules would do to the graph as it is now.")
class IdentityRulesPreview:
    """Made of a simulation by `of`."""

    customers_before: int = strawberry.field(description="Customers now.")
    customers_after: int = strawberry.field(description="Customers under the rules.")
    merge_count: int = strawberry.field(description="How many customers would be merged into others.")
    split_count: int = strawberry.field(description="How many customers would come out of others.")
    conflicts_solved: int = strawberry.field(description="How much refused evidence would be accepted.")
    conflicts_made: int = strawberry.field(description="How much evidence would end, and be kept as a conflict.")
    sample_merges: list[MergeSample] = strawberry.field(description="Some of the merges.")
    sample_splits: list[SplitSample] = strawberry.field(description="Some of the customers that would fall apart.")

    @classmethod
    def of(cls, found: Simulation) -> "IdentityRulesPreview":
        """What was found."""
        return cls(
            customers_before=found.customers_before,
            customers_after=found.customers_after,
            merge_count=found.merges,
            split_count=found.splits,
            conflicts_solved=found.conflicts_solved,
            conflicts_made=found.conflicts_made,
            sample_merges=[MergeSample(ids=ids) for ids in found.sample_merges],
            sample_splits=[SplitSample(sample=sample) for sample in found.sample_splits],
        )


@strawberry.input(description="Rules to put in force.")
class SetIdentityRulesInput:
    """A change of the rules."""

    rules: IdentityRulesInput = strawberry.field(description="The rules, in whole.")
    version: int = strawberry.field(description="`version` that the change is based on; else ConflictError.")
    note: str | None = strawberry.field(description="Why, for the history; at most 500 characters.", default=None)


@strawberry.type(description="The rules after the mutation.")
class SetIdentityRulesPayload:
    """Rules in force, or what to fix."""

    rules: IdentityRules | None = strawberry.field(description="The rules in force; null on errors.")
    job: Job | None = strawberry.field(
        description="The job that resolves the graph by them; null on errors, or when nothing changed."
    )
    errors: list[UserError] = strawberry.field(description="What to fix.")


NewRules = Annotated[SetIdentityRulesInput, strawberry.argument(description="The rules.")]
ToTry = Annotated[IdentityRulesInput, strawberry.argument(description="The rules to try, in whole.")]
Samples = Annotated[
    int, strawberry.argument(description="How many example merges, and how many example splits, 0..20.")
]
Newest = Annotated[int, strawberry.argument(description="How many, 1..100.")]


@strawberry.type
class RulesQueries:
    """Queries for the identity rules."""

    @field(
        "The rules in force that turn evidence into customers; null before any server was started on the graph.",
        scopes=READ,
    )
    async def identity_rules(self, info: Info) -> IdentityRules | None:
        found = await rules_in_force(info.context.store)
        return None if found is None else IdentityRules.of(found)

    @own_field("Versions of the rules, newest first.", scopes=READ, size="first")
    async def identity_rules_history(self, info: Info, first: Newest = 20) -> list[IdentityRules] | None:
        if not 1 <= first <= HISTORY_MAX:
            raise InvalidReferenceError(f"`first` is {first}; it takes 1..{HISTORY_MAX}.", ("first",))
        return [IdentityRules.of(found) for found in await rule_sets(info.context.store, first)]

    @own_field(
        "What other rules would do to the whole graph as it is now, counted exactly. Writes nothing.",
        scopes=ADMIN,
        cost=5000,
        size="sample",
    )
    async def preview_identity_rules(
        self, info: Info, rules: ToTry, sample: Samples = 5
    ) -> IdentityRulesPreview | None:
        if not 0 <= sample <= SAMPLE_MAX:
            raise InvalidReferenceError(f"`sample` is {sample}; it takes 0..{SAMPLE_MAX}.", ("sample",))
        return IdentityRulesPreview.of(await simulate(info.context.store, await rules_of(info, rules), sample))


@strawberry.type
class RulesMutations:
    """Mutations of the identity rules."""

    @own_field(
        "Puts rules in force, and starts a job that resolves the whole graph by them, from the evidence. New messages "
        "follow them at once. Try them with `previewIdentityRules` first.",
        scopes=ADMIN,
    )
    async def set_identity_rules(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: NewRules,  # noqa: A002
    ) -> SetIdentityRulesPayload | None:
        context = info.context
        try:
            made = await put_in_force(
                context.store,
                await rules_of(info, input.rules),
                origin=Origin.API,
                now=context.now(),
                note=input.note,
                expected_version=input.version,
            )
        except InvalidReferenceError as error:
            return SetIdentityRulesPayload(rules=None, job=None, errors=user_errors(error, input.rules))
        context.forget()
        # What this server reads with follows the new rules at once, too.
        await context.recorder.rules_now()
        job = await job_of_version(context.store, made.version)
        if job is not None:
            context.jobs.start(context.store)
        return SetIdentityRulesPayload(
            rules=IdentityRules.of(made), job=None if job is None else await job_with_id(info, job), errors=[]
        )
