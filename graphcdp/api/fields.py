"""How fields are written: typed, never without a description, and with what they need of who is asking.

`field` and `own_field` make a function one; `value_field` is for a plain value.

    scopes    what the caller must hold, all of them; () for nobody in particular.
              Every root field says it. A field below one says it only when it
              leads further than the object that it belongs to.
    personal  what is shown instead of a personal value without the scope `pii`.
    cost      points for its work, when it is not that of one object.
    size      of a list of objects that is no connection: how many it may have,
              or the argument that says so, as a number or a list (`input.events`).
    deprecated  what `instead` says, for a field that is to go; see docs/http.md, rule 21.
    plan      how it is read when the whole operation is one statement
              (graphcdp.plan.fields); the resolver stays what it means, and answers
              when there is no plan.
    masked    how a personal value is read for those who may not see it, where what
              is shown instead depends on the value.

All but the plans are in the schema as directives, the first two also in the description.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypedDict, TypeVar, Unpack, cast

import strawberry
from strawberry.schema_directive import Location

from graphcdp.model.principals import Scope
from graphcdp.plan.fields import Plan

Resolver = TypeVar("Resolver", bound=Callable[..., Any])

LIST_SIZE = 20
"""Of a list whose length an argument says, when the argument is absent."""

ANYBODY: tuple[Scope, ...] = ()
READ = (Scope.READ,)
READ_PII = (Scope.READ, Scope.PII)
WRITE = (Scope.WRITE,)
READ_WRITE = (Scope.READ, Scope.WRITE)
ADMIN = (Scope.ADMIN,)


class Shown(StrEnum):
    """What is shown instead of a personal value."""

    NULL = "NULL"
    STARS = "STARS"
    ID = "ID"
    PSEUDONYM = "PSEUDONYM"
    EMPTY = "EMPTY"


_IN_WORDS = {
    Shown.NULL: "null",
    Shown.STARS: "`***`",
    Shown.ID: "the id",
    Shown.PSEUDONYM: "`***`, but for kinds `user`, `device` and `anonymous` the value, unless it has an @",
    Shown.EMPTY: "empty",
}


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="semanticNonNull",
    description="The field is null only when an error with its path is in `errors`.",
)
class SemanticNonNull:
    """Marks fields that may fail without taking their neighbours with them."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="authorized",
    description="The caller must hold all of these scopes; else the field fails with UNAUTHENTICATED or FORBIDDEN.",
)
class Authorized:
    """What a field needs."""

    scopes: list[str] = strawberry.directive_field(name="scopes")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="personal",
    description=(
        "A personal value. Without the scope `pii` something else is shown: NULL; EMPTY, a bag without values; ID, the "
        "object's id; STARS, `***`; PSEUDONYM, `***` unless the value is a pseudonym."
    ),
)
class Personal:
    """What a field shows to those who may not see personal values."""

    shown: str = strawberry.directive_field(name="shown")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="Points that the field adds to the cost of an operation; an object adds 1 when it says nothing.",
)
class Cost:
    """What a field costs."""

    weight: str = strawberry.directive_field(name="weight")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many items the list is taken to have for the cost of an operation, or the arguments that say so.",
)
class ListSize:
    """How long a list may be."""

    assumed_size: int = strawberry.directive_field(name="assumedSize")
    slicing_arguments: list[str] = strawberry.directive_field(name="slicingArguments")


class Declared(TypedDict, total=False):
    """What a field declares; see the top of the file."""

    scopes: Sequence[Scope]
    personal: Shown
    cost: int
    size: int | str
    deprecated: str
    plan: Plan
    masked: Plan


PLAN = "plan"
MASKED_PLAN = "masked"
"""Where a field's metadata hold its plans."""


def field(description: str, name: str | None = None, **declared: Unpack[Declared]) -> Callable[[Resolver], Resolver]:
    """A field that this function answers; the description is what callers read.

    name: where Python cannot say it.
    """
    return _field(description, name, declared, ())


def own_field(
    description: str, name: str | None = None, **declared: Unpack[Declared]
) -> Callable[[Resolver], Resolver]:
    """A field that fails on its own: null beside an error, so that the rest of the answer stands.

    Its type allows null for that reason alone.
    """
    return _field(description, name, declared, (SemanticNonNull(),))


def value_field(description: str, **declared: Unpack[Declared]) -> Any:
    """A field that is an attribute of its object."""
    return strawberry.field(
        description=described(description, declared),
        directives=directives_of(declared),
        metadata=_metadata(declared),
        deprecation_reason=declared.get("deprecated"),
    )


def instead(use: str, gone: str) -> str:
    """Why something is deprecated: the reason of every field, argument, input and value that is to go.

    use: what takes its place, as `Type.field`. gone: the first version without it.
    """
    return f"Use `{use}`; gone from {gone}."


def _field(
    description: str, name: str | None, declared: Declared, others: tuple[object, ...]
) -> Callable[[Resolver], Resolver]:
    def decorate(resolver: Resolver) -> Resolver:
        made = strawberry.field(
            resolver,
            description=described(description, declared),
            name=name,
            directives=directives_of(declared, others),
            metadata=_metadata(declared),
            deprecation_reason=declared.get("deprecated"),
        )
        # To callers in Python the method stays what it was.
        return cast("Resolver", made)

    return decorate


def described(description: str, declared: Declared) -> str:
    """A description with what the field needs, in words."""
    scopes, personal = declared.get("scopes"), declared.get("personal")
    if scopes:
        named = " and ".join(f"`{scope}`" for scope in scopes)
        description += f" Needs the scope{'s' if len(scopes) > 1 else ''} {named}."
    if personal is not None:
        description += f" Without the scope `pii`: {_IN_WORDS[personal]}."
    return description


def directives_of(declared: Declared, others: tuple[object, ...] = ()) -> tuple[object, ...]:
    """The directives that say what a field declares."""
    found = others
    if "scopes" in declared:
        found += (Authorized(scopes=[str(scope) for scope in declared["scopes"]]),)
    if "personal" in declared:
        found += (Personal(shown=str(declared["personal"])),)
    if "cost" in declared:
        found += (Cost(weight=str(declared["cost"])),)
    if "size" in declared:
        size = declared["size"]
        by = [size] if isinstance(size, str) else []
        found += (ListSize(assumed_size=LIST_SIZE if by else int(size), slicing_arguments=by),)
    return found


def _metadata(declared: Declared) -> dict[str, Plan]:
    plans = {PLAN: declared.get("plan"), MASKED_PLAN: declared.get("masked")}
    return {name: plan for name, plan in plans.items() if plan is not None}
