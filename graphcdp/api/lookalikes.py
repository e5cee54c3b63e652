"""Who behaves alike, and what sets groups apart, as callers see it. Source: docs/discovery.md, rules 13 to 20."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.fields import own_field, value_field
from graphcdp.model.errors import DatabaseError, InvalidReferenceError
from graphcdp.read.customers import customers_by_ids
from graphcdp.read.lookalikes import REASONS, Alike, segment_distinctions
from graphcdp.store.neo4j import Store

if TYPE_CHECKING:
    from graphcdp.api.customers import Customer

FIRST_MAX = 50

AnyCustomer = Annotated["Customer", strawberry.lazy("graphcdp.api.customers")]
HowMany = Annotated[int, strawberry.argument(description="How many, 1..50.")]
Find = Callable[[Store, Sequence[str], int], Awaitable[list[tuple[Alike, ...]]]]


@strawberry.type(description="Why, in words.")
class Reason:
    """Something that speaks for a result."""

    text: str = strawberry.field(description='In plain words: "did Order Completed at least 12 times".')
    weight: float = strawberry.field(description="Its part of all that speaks for it, 0..1.")


@strawberry.type(description="A customer who behaves alike.")
class Lookalike:
    """Made by `lookalikes`."""

    similarity: float = strawberry.field(description="How alike, 0..1.")
    reasons: list[Reason] = value_field(
        "In what: what both have and few others, strongest first. Traits only with the scope `pii`.", size=REASONS
    )
    customer_id: strawberry.Private[str]

    @own_field("Who.")
    async def customer(self, info: Info) -> AnyCustomer | None:
        from graphcdp.api.customers import Customer  # the types refer to each other

        row = await info.context.loader(customers_by_ids).load(self.customer_id)
        if row is None:
            raise DatabaseError("The data changed while it was read: ask again.")
        return Customer.of(row)


@strawberry.type(description="Something that members have more, or less, often than others.")
class Distinction:
    """As `graphcdp.insight.facts.Distinction`."""

    text: str = strawberry.field(description="In plain words.")
    lift: float = strawberry.field(
        description="How many times as often as among everyone else; below 1 is rarer, 0 is not at all."
    )
    share: float = strawberry.field(description="The share of members, 0..1.")


async def lookalikes(info: Info, find: Find, of: str, first: int) -> list[Lookalike]:
    """Who is found to be alike. Raises InvalidReferenceError for a number out of range."""
    _check(first)
    found = await info.context.loader(find, first).load(of)
    may_see = info.context.principal.sees_personal
    return [
        Lookalike(
            similarity=one.similarity,
            reasons=[
                Reason(text=reason.text, weight=reason.weight)
                for reason in one.reasons
                if may_see or not reason.of_person
            ],
            customer_id=one.customer_id,
        )
        for one in found
    ]


async def distinctions_of_segment(info: Info, of: str, first: int) -> list[Distinction]:
    """What sets the members apart. Errors as `lookalikes`."""
    _check(first)
    found = await info.context.loader(segment_distinctions, first).load(of)
    return [Distinction(text=one.text, lift=one.lift, share=one.share) for one in found]


def _check(first: int) -> None:
    if not 1 <= first <= FIRST_MAX:
        raise InvalidReferenceError(f"`first` is 1..{FIRST_MAX}; {first} was given.", ("first",))
