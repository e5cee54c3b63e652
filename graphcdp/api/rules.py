"""Identity rules: read, tried and changed."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any

import strawberry
from pydantic import ValidationError

from graphcdp.api.context import Info
from graphcdp.api.errors import ConflictError, InvalidInputError, UserError
from graphcdp.api.fields import field, own_field
from graphcdp.api.jobs import Job, job_with_id
from graphcdp.api.scalars import DateTime, Duration
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.identifiers import BUILT_IN_KINDS
from graphcdp.model.times import duration_text
from graphcdp.read.jobs import job_of_version
from graphcdp.record.rules import (
    Origin,
    RulesConflictError,
    VersionedRules,
    put_in_force,
    rule_sets,
    rules_in_force,
)
from graphcdp.resolve.rules import IdentityRules as Rules
from graphcdp.resolve.rules import KindRule, MergeMode, Normalise, SharedDevice

HISTORY_MAX = 100


@strawberry.enum(description="When evidence may unite customers.")
class IdentityMergeMode(Enum):
    """As `graphcdp.resolve.rules.MergeMode`."""

    PROTECT = strawberry.enum_value("PROTECT", description="While every kind keeps its limit.")
    ALWAYS = strawberry.enum_value("ALWAYS", description="Without looking at limits.")
    NEVER = strawberry.enum_value("NEVER", description="New identifiers join; customers are never united.")


@strawberry.enum(description="What happens to a device that a second user signs in on.")
class SharedDeviceMode(Enum):
    """As `graphcdp.resolve.rules.SharedDevice`."""

    KEEP = strawberry.enum_value("KEEP", description="It stays with the first.")
    LAST_LOGIN = strawberry.enum_value("LAST_LOGIN", description="It moves to the one who signed in last.")


@strawberry.enum(description="How values of a kind are brought to their normal form.")
class IdentifierNormalForm(Enum):
    """As `graphcdp.resolve.rules.Normalise`."""

    EMAIL = strawberry.enum_value("EMAIL", description="E-mail address, in lower case.")
    PHONE = strawberry.enum_value("PHONE", description="Phone number in E.164.")
    LOWER = strawberry.enum_value("LOWER", description="Without white space around it, in lower case.")
    TRIM = strawberry.enum_value("TRIM", description="Without white space around it.")


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
    kinds: list[IdentityKindRule] = strawberry.field(description="Kinds of identifiers, strongest first.")

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


@strawberry.input(description="The rule for one kind of identifier. What is absent is as in the default for the kind.")
class IdentityKindRuleInput:
    """A rule as the caller wrote it."""

    kind: str = strawberry.field(
        description="The kind: a-z, 0-9 and _, beginning with a letter; at most 50 characters."
    )
    priority: strawberry.Maybe[int] = strawberry.field(description="See IdentityKindRule; 0..1000.")
    limit: strawberry.Maybe[int | None] = strawberry.field(description="See IdentityKindRule; null for no limit.")
    window: strawberry.Maybe[Duration | None] = strawberry.field(
        description="See IdentityKindRule; PT1M..P10Y, null for all."
    )
    blocked: strawberry.Maybe[list[str]] = strawberry.field(description="See IdentityKindRule; at most 1000.")
    blocked_patterns: strawberry.Maybe[list[str]] = strawberry.field(description="See IdentityKindRule; at most 100.")
    normalise: strawberry.Maybe[IdentifierNormalForm] = strawberry.field(
        description="See IdentityKindRule; it cannot change while identifiers of the kind are stored."
    )


@strawberry.input(
    description=(
        "Rules in whole, to try or to put in force. Built-in kinds that are absent are as in the default; a kind of "
        "your own that is absent is taken out: its identifiers stay, new ones are left out of their messages."
    )
)
class IdentityRulesInput:
    """Rules as the caller wrote them."""

    kinds: list[IdentityKindRuleInput] = strawberry.field(
        description="Rules of kinds; with those that are built in at most 50.", default_factory=list
    )
    merge: IdentityMergeMode = strawberry.field(
        description="When evidence may unite customers.", default=IdentityMergeMode.PROTECT
    )
    shared_device: SharedDeviceMode = strawberry.field(
        description="What happens to a device that a second user signs in on.", default=SharedDeviceMode.KEEP
    )
    region: str | None = strawberry.field(
        description="Region of phone numbers without a country code; the one in force when absent.", default=None
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


class UnusableRulesError(InvalidReferenceError):
    """Rules that say what rules cannot say. problems: sentences, each with its path in the input."""

    def __init__(self, problems: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        super().__init__(" ".join(f"{'.'.join(path)}: {sentence}" for sentence, path in problems), problems[0][1])
        self.problems = problems


NewRules = Annotated[SetIdentityRulesInput, strawberry.argument(description="The rules.")]
Newest = Annotated[int, strawberry.argument(description="How many, 1..100.")]


@strawberry.type
class RulesQueries:
    """Queries for the identity rules."""

    @field("The rules in force that turn evidence into customers; null before any server was started on the graph.")
    async def identity_rules(self, info: Info) -> IdentityRules | None:
        found = await rules_in_force(info.context.store)
        return None if found is None else IdentityRules.of(found)

    @own_field("Versions of the rules, newest first.")
    async def identity_rules_history(self, info: Info, first: Newest = 20) -> list[IdentityRules] | None:
        if not 1 <= first <= HISTORY_MAX:
            raise InvalidReferenceError(f"`first` is {first}; it takes 1..{HISTORY_MAX}.", ("first",))
        return [IdentityRules.of(found) for found in await rule_sets(info.context.store, first)]


@strawberry.type
class RulesMutations:
    """Mutations of the identity rules."""

    @own_field(
        "Puts rules in force, and starts a job that resolves the whole graph by them, from the evidence. New messages "
        "follow them at once. Try them with `previewIdentityRules` first."
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
            return SetIdentityRulesPayload(rules=None, job=None, errors=_user_errors(error, input.rules))
        context.forget()
        job = await job_of_version(context.store, made.version)
        return SetIdentityRulesPayload(
            rules=IdentityRules.of(made), job=None if job is None else await job_with_id(info, job), errors=[]
        )


async def rules_of(info: Info, given: IdentityRulesInput) -> Rules:
    """The rules that the input states. Raises UnusableRulesError."""
    names = [rule.kind for rule in given.kinds]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableRulesError([(f"The kind {twice[:60]!r} is given twice.", ("rules", "kinds"))])
    region = given.region
    if region is None:
        found = await rules_in_force(info.context.store)
        region = info.context.settings.default_region if found is None else found.rules.region
    try:
        return Rules.model_validate(
            {
                "kinds": {rule.kind: _parts(rule) for rule in given.kinds},
                "merge": MergeMode[given.merge.name],
                "shared_device": SharedDevice[given.shared_device.name],
                "region": region,
            }
        )
    except ValidationError as error:
        raise UnusableRulesError([_problem(one, names) for one in error.errors()]) from error


def _parts(given: IdentityKindRuleInput) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name in ("priority", "limit", "window", "blocked", "blocked_patterns"):
        part = getattr(given, name)
        if part is not None:
            parts[name] = part.value
    if given.normalise is not None:
        parts["normalise"] = Normalise[given.normalise.value.name]
    return parts


def _problem(problem: Mapping[str, Any], kinds: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    sentence = problem["msg"].removeprefix("Value error, ")
    return f"{sentence[:1].upper()}{sentence[1:]}.", _path(("rules", *map(str, problem["loc"])), kinds)


def _path(path: tuple[str, ...], kinds: Sequence[str]) -> tuple[str, ...]:
    """A path in the rules as a path in the input, where kinds are a list and names are in camel case."""
    if len(path) > 2 and path[1] == "kinds" and path[2] in kinds:
        path = (*path[:2], str(kinds.index(path[2])), *path[3:])
    return tuple("blockedPatterns" if part == "blocked_patterns" else part for part in path)


def _user_errors(error: InvalidReferenceError, given: IdentityRulesInput) -> list[UserError]:
    match error:
        case UnusableRulesError(problems=problems):
            return [InvalidInputError(message=sentence, path=list(path)) for sentence, path in problems]
        case RulesConflictError():
            return [ConflictError(message=str(error), path=list(error.path))]
    path = _path(error.path, [rule.kind for rule in given.kinds])
    return [InvalidInputError(message=str(error), path=list(path) or None)]
