"""Webhooks as callers see them, and what became of deliveries. Source: docs/webhooks.md.

Mutations are in webhook_edits.py.
"""

from enum import Enum
from typing import Annotated

import strawberry

from graphcdp.api.changes import ChangeKind
from graphcdp.api.context import Info
from graphcdp.api.fields import ADMIN, field, own_field, value_field
from graphcdp.api.pages import After, Before, Count, First, Last, PageInfo
from graphcdp.api.scalars import BigInt, DateTime
from graphcdp.model.errors import UnknownReferenceError
from graphcdp.read import deliveries as read
from graphcdp.read.deliveries import (
    WEBHOOK,
    DeliveryRow,
    DestinationRow,
    delivery_counts,
    delivery_cursor,
    delivery_page,
    webhooks_by_ids,
)
from graphcdp.read.feed import feed_cursor, standing
from graphcdp.read.pages import Slice
from graphcdp.record.webhooks import WEBHOOKS_MAX


@strawberry.enum(description="Where a delivery stands.")
class DeliveryStatus(Enum):
    """As `graphcdp.read.deliveries.DeliveryStatus`."""

    PENDING = strawberry.enum_value("PENDING", description="It failed and is tried again, or waits behind such a one.")
    DELIVERED = strawberry.enum_value("DELIVERED", description="It was taken.")
    DEAD = strawberry.enum_value("DEAD", description="It was given up; `replayDeliveries` tries it again.")


OfStatus = Annotated[DeliveryStatus | None, strawberry.argument(description="Only these.")]
WebhookId = Annotated[strawberry.ID, strawberry.argument(description="The webhook's id.")]


@strawberry.type(description="One change at one webhook. It holds nothing of what the change tells.")
class WebhookDelivery:
    """Made of a stored delivery by `of`."""

    id: strawberry.ID = value_field("The header `webhook-id`: the same for each try, after a crash and in a replay.")
    sequence: BigInt = value_field("The number of the change in the feed.")
    kind: ChangeKind = value_field("The kind of the change.")
    customer_ids: list[strawberry.ID] = value_field("Whom the change is about, as of then.")
    status: DeliveryStatus = value_field("Where it stands.")
    attempts: int = value_field("How often it was tried; 0 while it waits behind another one.")
    http_status: int | None = value_field("What was answered to the last try; null without an answer.")
    duration_ms: float | None = value_field("How long the last try took, in milliseconds; null before any.")
    failure: str | None = value_field("Why the last try failed; null when it did not.")
    next_attempt_at: DateTime | None = value_field("Not before; null for at once, or when it is over.")
    attempted_at: DateTime | None = value_field("When it was tried last; null before any.")
    created_at: DateTime = value_field("When its change came up.")

    @classmethod
    def of(cls, row: DeliveryRow) -> "WebhookDelivery":
        """The delivery of a row."""
        return cls(
            id=strawberry.ID(row.id),
            sequence=BigInt(row.seq),
            kind=ChangeKind[row.kind],
            customer_ids=[strawberry.ID(one) for one in row.customers],
            status=DeliveryStatus[row.status.name],
            attempts=row.attempts,
            http_status=row.code,
            duration_ms=row.duration,
            failure=row.failure,
            next_attempt_at=row.next,
            attempted_at=row.tried,
            created_at=row.created,
        )


@strawberry.type(description="A delivery in a list.")
class WebhookDeliveryEdge:
    """A delivery with its place."""

    cursor: str = value_field("The place in the list.")
    node: WebhookDelivery = value_field("The delivery.")


@strawberry.type(description="A page of deliveries.")
class WebhookDeliveryConnection:
    """Made of a slice by `of`."""

    edges: list[WebhookDeliveryEdge] = value_field("Deliveries with cursors.")
    nodes: list[WebhookDelivery] = value_field("Just the deliveries.")
    page_info: PageInfo = value_field("Where the page stands.")

    @classmethod
    def of(cls, page: Slice[DeliveryRow]) -> "WebhookDeliveryConnection":
        """The page of these rows."""
        edges = [WebhookDeliveryEdge(cursor=delivery_cursor(row), node=WebhookDelivery.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, delivery_cursor))


@strawberry.type(description="An address that changes are posted to.")
class Webhook:
    """Made of a stored webhook by `of`. The secret is told by the mutations that make one, and by nothing else."""

    id: strawberry.ID = value_field("Opaque global id; never reused.")
    name: str | None = value_field("What it is for.")
    url: str = value_field("Where changes are posted.")
    kinds: list[ChangeKind] = value_field("Only these kinds; empty for those that the other filters are about, or all.")
    segments: list[str] = value_field("Of ENTERED and EXITED only those of these segments; empty for all.")
    events: list[str] = value_field("Of EVENT only those with these names; empty for all.")
    traits: list[str] = value_field("Of TRAITS only those that change one of these; empty for all.")
    enabled: bool = value_field("Whether changes are delivered.")
    disabled_reason: str | None = value_field("Why it was disabled; null when somebody did it, or when it is enabled.")
    failing_since: DateTime | None = value_field("Since when nothing was taken; null when the last try succeeded.")
    created_at: DateTime = value_field("When made.")
    updated_at: DateTime = value_field("When last edited, or replayed.")
    at: strawberry.Private[int]

    @field("The cursor of the change up to which all are over, or kept as pending deliveries.")
    def cursor(self) -> str:
        return feed_cursor(self.at)

    @field("How many changes of the feed, wanted or not, it has still to go through; exact.")
    async def behind(self, info: Info) -> Count:
        return Count.exact(max(0, (await standing(info.context.store)).newest - self.at))

    @field("How many deliveries are pending; exact.")
    async def pending_count(self, info: Info) -> Count:
        return await self._count(info, read.DeliveryStatus.PENDING)

    @field("How many deliveries were given up, as far as the log goes; exact.")
    async def dead_count(self, info: Info) -> Count:
        return await self._count(info, read.DeliveryStatus.DEAD)

    @own_field("What became of changes here, newest change first, as far as the log goes.")
    async def deliveries(
        self,
        info: Info,
        status: OfStatus = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> WebhookDeliveryConnection | None:
        page = delivery_page(first=first, after=after, last=last, before=before)
        chosen = None if status is None else read.DeliveryStatus[status.name]
        return WebhookDeliveryConnection.of(await read.deliveries(info.context.store, str(self.id), page, chosen))

    async def _count(self, info: Info, status: read.DeliveryStatus) -> Count:
        return Count.exact(await info.context.loader(delivery_counts, status).load(str(self.id)))

    @classmethod
    def of(cls, row: DestinationRow) -> "Webhook":
        """The webhook of a row."""
        names = row.filter.names()
        return cls(
            id=strawberry.ID(row.id),
            name=row.name,
            url=row.url or "",
            kinds=[ChangeKind[kind] for kind in names["kinds"]],
            segments=names["segments"],
            events=names["events"],
            traits=names["traits"],
            enabled=row.enabled,
            disabled_reason=row.reason,
            failing_since=row.failing_since,
            created_at=row.created,
            updated_at=row.updated,
            at=row.cursor,
        )


@strawberry.type
class WebhookQueries:
    """Queries for webhooks."""

    @own_field(f"All webhooks, oldest first; at most {WEBHOOKS_MAX}.", scopes=ADMIN, size=20)
    async def webhooks(self, info: Info) -> list[Webhook] | None:
        return [Webhook.of(row) for row in await read.destinations(info.context.store, WEBHOOK)]

    @field("A webhook by its id; null when there is none.", scopes=ADMIN)
    async def webhook(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        id: WebhookId,  # noqa: A002
    ) -> Webhook | None:
        return await webhook_with_id(info, id)


async def webhook_with_id(info: Info, webhook_id: str) -> Webhook | None:
    """The webhook with this id, whk_...; None when there is none."""
    row = await info.context.loader(webhooks_by_ids).load(webhook_id)
    return None if row is None else Webhook.of(row)


async def known_webhook(info: Info, webhook_id: str) -> Webhook:
    """The webhook with this id. Raises UnknownReferenceError."""
    found = await webhook_with_id(info, webhook_id)
    if found is None:
        raise UnknownReferenceError(f"There is no webhook {webhook_id!r}.", ("id",))
    return found
