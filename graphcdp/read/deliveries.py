"""Where changes go, and what became of them there. Source: docs/webhooks.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graphcdp.model.change_filter import ChangeFilter
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row
from graphcdp.store.neo4j import Store

DELIVERIES = "deliveries"
WEBHOOK = "webhook"


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """Where changes go.

    id: whk_... of webhooks. type: webhook or a plug-in's name. reason: why it was disabled; None when a person
    did it. cursor: number of the change up to which all were delivered, or are kept as deliveries.
    failures: tries since the last success. holder, lease: which process delivers, until when.
    """

    id: str
    type: str
    name: str | None
    url: str | None
    filter: ChangeFilter
    enabled: bool
    reason: str | None
    version: int
    created: datetime
    updated: datetime
    cursor: int
    failures: int
    failing_since: datetime | None
    holder: str | None
    lease: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One change at one webhook; code: of HTTP, of the last try. duration: of the last try, in milliseconds."""

    id: str
    seq: int
    kind: str
    status: DeliveryStatus
    customers: tuple[str, ...]
    attempts: int
    code: int | None
    duration: float | None
    failure: str | None
    next: datetime | None
    tried: datetime | None
    created: datetime


async def destinations(store: Store, type_: str | None = None) -> list[DestinationRow]:
    """All destinations, or those of a type, oldest first."""
    rows = await store.read("deliver/destinations", type=type_)
    return [DestinationRow(**row | {"filter": ChangeFilter.from_json(row["filter"])}) for row in rows]


async def webhooks_by_ids(store: Store, ids: Sequence[str]) -> list[DestinationRow | None]:
    """The webhooks with these ids, in their order; None where there is none."""
    found = {row.id: row for row in await destinations(store, WEBHOOK)}
    return [found.get(one) for one in ids]


async def delivery_counts(store: Store, ids: Sequence[str], status: DeliveryStatus) -> list[int]:
    """How many deliveries of a status each of the destinations has."""
    rows = await store.read("deliver/counts", ids=list(dict.fromkeys(ids)), status=status.value)
    found = {row["id"]: row["value"] for row in rows}
    return [found[one] for one in ids]


async def place_of(store: Store, webhook_id: str) -> tuple[str, str] | None:
    """URL and secret of a webhook; None when there is none."""
    rows = await store.read("deliver/secrets", id=webhook_id)
    return (rows[0]["url"], rows[0]["secret"]) if rows else None


def delivery_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of deliveries that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(DELIVERIES, (int,), first=first, after=after, last=last, before=before)


def delivery_cursor(delivery: DeliveryRow) -> str:
    """The cursor of a delivery."""
    return cursor(DELIVERIES, (delivery.seq,))


async def deliveries(
    store: Store, destination: str, page: Page, status: DeliveryStatus | None = None
) -> Slice[DeliveryRow]:
    """A page of what became of changes at a destination, newest change first. status: only these."""
    bounds = {
        "after": page.after[0] if page.after else None,
        "before": page.before[0] if page.before else None,
        "limit": page.fetch,
    }
    if status is None:
        rows = await store.read(f"deliver/deliveries_{page.end}", destination=destination, **bounds)
    else:
        rows = await store.read(
            f"deliver/deliveries_status_{page.end}", destination=destination, status=status.value, **bounds
        )
    return sliced(page, rows, _delivery)


def _delivery(row: Row) -> DeliveryRow:
    return DeliveryRow(**{**row, "status": DeliveryStatus(row["status"]), "customers": tuple(row["customers"])})
