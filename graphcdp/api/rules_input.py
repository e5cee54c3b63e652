"""Identity rules as a caller writes them."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import strawberry
from pydantic import ValidationError

from graphcdp.api.context import Info
from graphcdp.api.errors import ConflictError, InvalidInputError, UserError
from graphcdp.api.scalars import Duration
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.record.rules import RulesConflictError, rules_in_force
from graphcdp.resolve.rules import IdentityRules, MergeMode, Normalise, SharedDevice


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


class UnusableRulesError(InvalidReferenceError):
    """Rules that say what rules cannot say. problems: sentences, each with its path in the input."""

    def __init__(self, problems: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        super().__init__(" ".join(f"{'.'.join(path)}: {sentence}" for sentence, path in problems), problems[0][1])
        self.problems = problems


async def rules_of(info: Info, given: IdentityRulesInput) -> IdentityRules:
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
        return IdentityRules.model_validate(
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


def user_errors(error: InvalidReferenceError, given: IdentityRulesInput) -> list[UserError]:
    """What is wrong with the input, for its caller."""
    match error:
        case UnusableRulesError(problems=problems):
            return [InvalidInputError(message=sentence, path=list(path)) for sentence, path in problems]
        case RulesConflictError():
            return [ConflictError(message=str(error), path=list(error.path))]
    path = _path(error.path, [rule.kind for rule in given.kinds])
    return [InvalidInputError(message=str(error), path=list(path) or None)]
