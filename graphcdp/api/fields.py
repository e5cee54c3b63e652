"""The decorator for fields with a resolver: typed, and never without a description."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def field(description: str, name: str | None = None) -> Callable[[Resolver], Resolver]:
    """A field that this function answers; the description is what callers read.

    name: where Python cannot say it.
    """

    def decorate(resolver: Resolver) -> Resolver:
        # To callers in Python the method stays what it was.
        return cast("Resolver", strawberry.field(resolver, description=description, name=name))

    return decorate
