"""Customers at a past moment, as callers see them."""

from datetime import datetime
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, Kinds, customer_after_merges
from graphcdp.api.fields import field, own_field
from graphcdp.api.identities import Identifier, IdentifierEdge
from graphcdp.api.pages import After, Before, Count, First, Last, PageInfo
from graphcdp.api.references import CustomerRef, claim_of, key_of
from graphcdp.api.scalars import DateTime
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.times import time_text
from graphcdp.read.identities import HeldRow, identifier_cursor, identifier_page
from graphcdp.read.pages import Slice
from graphcdp.read.snapshot import count_identifiers_at, holder_at, identifiers_at, survivor_at

Moment = Annotated[DateTime, strawberry.argument(description="The moment, by the server's clock; not in the future.")]


@strawberry.type(description="A page of the identifiers that a customer had at a past moment.")
class SnapshotIdentifierConnection:
    """Made of a slice by `of`."""

    edges: list[IdentifierEdge] = strawberry.field(description="Identifiers with cursors.")
    nodes: list[Identifier] = strawberry.field(description="Just the identifiers, as they are today.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    customer_id: strawberry.Private[str]
    at: strawberry.Private[datetime]
    kinds: strawberry.Private[tuple[str, ...] | None]

    @classmethod
    def of(
        cls, page: Slice[HeldRow], customer_id: str, at: datetime, kinds: tuple[str, ...] | None
    ) -> "SnapshotIdentifierConnection":
        """The page of what the customer had at the moment."""
        edges = [
            IdentifierEdge(cursor=identifier_cursor(held), node=Identifier.of(held.identifier), since=held.since)
            for held in page.items
        ]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, identifier_cursor),
            customer_id=customer_id,
            at=at,
            kinds=kinds,
        )

    @own_field("Exact.")
    async def total_count(self, info: Info) -> Count | None:
        return Count.exact(await count_identifiers_at(info.context.store, self.customer_id, self.at, self.kinds))


@strawberry.type(
    description=(
        "A customer at a past moment: what GraphCDP knew then, so the times are the server's, not those of the "
        "messages. Not a Node, so that caches never mix it with the present."
    )
)
class CustomerSnapshot:
    """Made by `snapshot_of`."""

    at: DateTime = strawberry.field(description="The moment.")
    customer_id: strawberry.ID = strawberry.field(
        description="The customer's id at the moment; it may since have been merged or split."
    )

    @field("Who has that id today, or was it merged into; null when gone.")
    async def customer(self, info: Info) -> Customer | None:
        return await customer_after_merges(info, self.customer_id)

    @own_field("Identifiers that the customer had at the moment, in the order of a customer's identifiers.")
    async def identifiers(
        self,
        info: Info,
        kinds: Kinds = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SnapshotIdentifierConnection | None:
        page = identifier_page(first=first, after=after, last=last, before=before)
        only = None if kinds is None else tuple(sorted(set(kinds)))
        found = await identifiers_at(info.context.store, self.customer_id, self.at, only, page)
        return SnapshotIdentifierConnection.of(found, self.customer_id, self.at, only)


async def snapshot_of(info: Info, of: CustomerRef, at: datetime) -> CustomerSnapshot | None:
    """The customer at the moment; None when nobody was known by that reference then.

    Raises InvalidReferenceError for a moment in the future.
    """
    now = info.context.now()
    if at > now:
        raise InvalidReferenceError(
            f"`at` lies in the future: it is {time_text(now)} now. Ask for a moment that has passed.", ("at",)
        )
    store = info.context.store
    if of.id is not None:
        customer_id: str | None = await survivor_at(store, of.id.value, at)
    else:
        key = key_of(claim_of(of), info.context.recorder.rules)
        customer_id = None if key is None else await holder_at(store, key, at)
    if customer_id is None or not await count_identifiers_at(store, customer_id, at, None):
        return None
    return CustomerSnapshot(at=at, customer_id=strawberry.ID(customer_id))
