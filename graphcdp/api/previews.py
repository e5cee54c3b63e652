"""What a merge would do, as callers see it."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_live
from graphcdp.api.errors import UserError, user_error
from graphcdp.api.fields import READ, Shown, field, own_field, value_field
from graphcdp.api.pages import COUNT_MAX, Count
from graphcdp.api.references import CustomerRef, claim_of, key_of
from graphcdp.api.scalars import JSON
from graphcdp.model.errors import DatabaseError, InvalidReferenceError, unknown_customer
from graphcdp.read.customers import holders, survivors
from graphcdp.read.events import EventChoice, event_counts
from graphcdp.read.previews import merge_outlook
from graphcdp.resolve.preview import MergeOutlook

CUSTOMERS_MIN = 2
CUSTOMERS_MAX = 10

ToUnite = Annotated[list[CustomerRef], strawberry.argument(description="The customers to unite; 2..10.")]


@strawberry.type(description="A trait on which customers differ. The latest statement wins, whoever made it.")
class TraitConflict:
    """Values of one trait; the field that leads here is personal."""

    path: str = strawberry.field(description="The trait's name, as `Customer.trait` takes it.")
    kept: JSON | None = strawberry.field(description="The value that would win; null when the latest unset it.")
    dropped: list[JSON] = strawberry.field(description="The other values, latest first, each once.")


@strawberry.type(description="What a merge would do.")
class MergePreview:
    """Made of what the rules decide by `of`."""

    outlook: strawberry.Private[MergeOutlook]
    blocked_by: list[UserError] = value_field(
        "What the rules, or a cut, object to, as `mergeCustomers` would say it with the survivor as `keep`; "
        "`path` tells whom of `customers` it is about. With `override` it merges all the same.",
        size=CUSTOMERS_MAX - 1,
    )

    @field(
        "Who would remain if evidence united them: who has the strongest kind of identifier, then the older. "
        "`mergeCustomers` lets you choose another."
    )
    async def survivor(self, info: Info) -> Customer:
        return await _customer(info, self.outlook.survivor)

    @own_field("Who would be absorbed.", size=CUSTOMERS_MAX - 1)
    async def absorbed(self, info: Info) -> list[Customer] | None:
        return [await _customer(info, one) for one in self.outlook.absorbed]

    # Whether two values differ is told as little as the values: one could be made to be compared with.
    @field("Traits on which they differ, by name, with the value that would win.", personal=Shown.NULL, size=20)
    def conflicts(self) -> list[TraitConflict] | None:
        return [
            TraitConflict(path=one.name, kept=_json(one.kept), dropped=[JSON(value) for value in one.dropped])
            for one in self.outlook.conflicts
        ]

    @own_field(f"Events of all of them together; capped at {COUNT_MAX}, then AT_LEAST.", cost=5)
    async def event_count(self, info: Info) -> Count | None:
        ids = [self.outlook.survivor, *self.outlook.absorbed]
        counts = await info.context.loader(event_counts, EventChoice()).load_many(ids)
        return Count.capped(sum(counts))


@strawberry.type
class PreviewQueries:
    """Queries for what would be."""

    @own_field("What uniting customers would do. Writes nothing.", scopes=READ, cost=20)
    async def preview_merge(self, info: Info, customers: ToUnite) -> MergePreview | None:
        context = info.context
        if not CUSTOMERS_MIN <= len(customers) <= CUSTOMERS_MAX:
            raise InvalidReferenceError(
                f"Name {CUSTOMERS_MIN} to {CUSTOMERS_MAX} customers; {len(customers)} were given.", ("customers",)
            )
        ids = await _ids_of(info, customers)
        if len(set(ids)) < CUSTOMERS_MIN:
            raise InvalidReferenceError("They are one customer already.", ("customers",))
        rules = await context.recorder.rules_now()
        outlook = await merge_outlook(context.store, list(dict.fromkeys(ids)), rules, context.now())
        blocked_by = [
            user_error(problem, ("customers", str(ids.index(customer)))) for customer, problem in outlook.objections
        ]
        return MergePreview(outlook=outlook, blocked_by=blocked_by)


async def _ids_of(info: Info, refs: Sequence[CustomerRef]) -> list[str]:
    """Ids of the live customers that these find now, in their order."""
    found = []
    for place, ref in enumerate(refs):
        if ref.id is not None:
            one = await info.context.loader(survivors).load(ref.id.value)
        else:
            key = key_of(claim_of(ref), info.context.recorder.rules)
            one = None if key is None else await info.context.loader(holders).load(key)
        if one is None:
            raise unknown_customer("customers", str(place))
        found.append(one)
    return found


async def _customer(info: Info, customer_id: str) -> Customer:
    found = await customer_live(info, customer_id)
    if found is None:
        raise DatabaseError("The data changed while it was read: ask again.")
    return found


def _json(value: object) -> JSON | None:
    return None if value is None else JSON(value)
