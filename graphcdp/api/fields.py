"""The decorators for fields with a resolver: typed, never without a description, with their plan beside them.

A plan (graphcdp.plan.fields) says how the field is read when the whole operation is one
statement; the resolver stays what it means. Without a plan the resolver answers.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry.schema_directive import Location

from graphcdp.plan.fields import Plan

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="semanticNonNull",
    description="The field is null only when an error with its path is in `errors`.",
)
class SemanticNonNull:
    """Marks fields that may fail without taking their neighbours with them."""


PLAN = "plan"
"""Where a field's metadata hold its plan."""


def planned(plan: Plan) -> dict[str, Plan]:
    """The metadata of a field that is read so."""
    return {PLAN: plan}


def field(description: str, name: str | None = None, plan: Plan | None = None) -> Callable[[Resolver], Resolver]:
    """A field that this function answers; the description is what callers read.

    name: where Python cannot say it.
    """
    return _field(description, name, plan, ())


def own_field(description: str, name: str | None = None, plan: Plan | None = None) -> Callable[[Resolver], Resolver]:
    """A field that fails on its own: null beside an error, so that the rest of the answer stands.

    Its type allows null for that reason alone.
    """
    return _field(description, name, plan, (SemanticNonNull(),))


def _field(
    description: str, name: str | None, plan: Plan | None, directives: tuple[object, ...]
) -> Callable[[Resolver], Resolver]:
    def decorate(resolver: Resolver) -> Resolver:
        metadata = None if plan is None else planned(plan)
        made = strawberry.field(resolver, description=description, name=name, directives=directives, metadata=metadata)
        # To callers in Python the method stays what it was.
        return cast("Resolver", made)

    return decorate
