"""How subscriptions are written: an async generator each, that owns nothing beyond its own end.

Whoever asked is gone at any moment: then the generator is closed where it
waits, so what it holds belongs into `try ... finally` or `async with`.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, TypeVar, Unpack, cast

import strawberry

from graphcdp.api.context import Context
from graphcdp.api.fields import Declared, described, directives_of

Source = TypeVar("Source", bound=Callable[..., Any])
Value = TypeVar("Value")


def subscription(description: str, **declared: Unpack[Declared]) -> Callable[[Source], Source]:
    """A root field that this generator answers; declared as `field` has it, checked at each event."""

    def decorate(source: Source) -> Source:
        made = strawberry.subscription(
            source, description=described(description, declared), directives=directives_of(declared)
        )
        # To callers in Python the method stays what it was.
        return cast("Source", made)

    return decorate


async def each(context: Context, source: AsyncGenerator[Value, None]) -> AsyncGenerator[Value, None]:
    """The source's values, each as an operation of its own: nothing loaded before, and its own time.

    It closes the source with itself; so use it in `async with aclosing(...)`.
    """
    async with aclosing(source):
        async for value in source:
            context.renew()
            yield value
