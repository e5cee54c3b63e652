"""The decorators for fields with a resolver: typed, and never without a description."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry.schema_directive import Location

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="semanticNonNull",
    description="The field is null only when an error with its path is in `errors`.",
)
class SemanticNonNull:
    """Marks fields that may fail without taking their neighbours with them."""


def field(description: str, name: str | None = None) -> Callable[[Resolver], Resolver]:
    """A field that this function answers; the description is what callers read.

    name: where Python cannot say it.
    """
    return _field(description, name, ())


def own_field(description: str, name: str | None = None) -> Callable[[Resolver], Resolver]:
    """A field that fails on its own: null beside an error, so that the rest of the answer stands.

    Its type allows null for that reason alone.
    """
    return _field(description, name, (SemanticNonNull(),))


def _field(description: str, name: str | None, directives: tuple[object, ...]) -> Callable[[Resolver], Resolver]:
    def decorate(resolver: Resolver) -> Resolver:
        made = strawberry.field(resolver, description=description, name=name, directives=directives)
        # To callers in Python the method stays what it was.
        return cast("Resolver", made)

    return decorate
