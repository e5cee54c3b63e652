"""What every list has in common: where a page stands, and how many there are."""

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Self

import strawberry

from graphcdp.api.fields import value_field
from graphcdp.plan.fields import Leaf, Place
from graphcdp.read.pages import Slice

COUNT_MAX = 10_000
IDS_MAX = 100

First = Annotated[int | None, strawberry.argument(description="Page size, from the start.")]
After = Annotated[str | None, strawberry.argument(description="Cursor to start after.")]
Last = Annotated[int | None, strawberry.argument(description="Page size, from the end.")]
Before = Annotated[str | None, strawberry.argument(description="Cursor to end before.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Made from a slice and the cursor of an item."""

    has_next_page: bool = value_field("More items follow the page.", plan=Place.HAS_NEXT)
    has_previous_page: bool = value_field("Items come before the page.", plan=Place.HAS_PREVIOUS)
    start_cursor: str | None = value_field("Cursor of the first item; null on an empty page.", plan=Place.START_CURSOR)
    end_cursor: str | None = value_field("Cursor of the last item; null on an empty page.", plan=Place.END_CURSOR)

    @classmethod
    def of(cls, page: Slice[Any], cursor_of: Callable[[Any], str]) -> Self:
        """Where this slice stands; `cursor_of` makes the cursor of one of its items."""
        items = page.items
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursor_of(items[0]) if items else None,
            end_cursor=cursor_of(items[-1]) if items else None,
        )


@strawberry.enum(description="How far a count can be trusted.")
class CountPrecision(Enum):
    """How far a count can be trusted."""

    EXACT = strawberry.enum_value("EXACT", description="Exact at the time of the answer.")
    ESTIMATE = strawberry.enum_value("ESTIMATE", description="Estimated from a sample.")
    AT_LEAST = strawberry.enum_value("AT_LEAST", description="Counting stopped at this value; there are more.")


@strawberry.type(description="A count that says how far it can be trusted.")
class Count:
    """A number with its precision."""

    value: int = value_field("The number.", plan=Leaf("value"))
    precision: CountPrecision = value_field("Whether it is exact.", plan=Leaf("precision"))

    @classmethod
    def exact(cls, value: int) -> Self:
        """A count that is exact."""
        return cls(value=value, precision=CountPrecision.EXACT)

    @classmethod
    def estimated(cls, value: int) -> Self:
        """A count that was worked out from a sample."""
        return cls(value=value, precision=CountPrecision.ESTIMATE)

    @classmethod
    def capped(cls, value: int, most: int = COUNT_MAX) -> Self:
        """A count that was stopped just above `most`: more than that is reported as at least so many."""
        if value > most:
            return cls(value=most, precision=CountPrecision.AT_LEAST)
        return cls.exact(value)
