"""Identifiers, devices and the evidence between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.devices import CONTEXTS_MAX, EVENTS_MAX, SUBJECTS_MAX, DeviceTold, device_told
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, many_each, one_each
from graphcdp.store.neo4j import Store

IDENTIFIERS = "identifiers"
DEVICES = "devices"
LINKS = "links"
CUSTOMER_LINKS = "customer-links"


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """An identifier as it is stored; id is idn_..., key is kind:value."""

    id: str
    key: str
    kind: str
    value: str
    first_seen: datetime
    last_seen: datetime
    sources: tuple[str, ...]

    @classmethod
    def of(cls, row: Row) -> "IdentifierRow":
        """The identifier of a row."""
        return cls(
            id=row["id"],
            key=row["key"],
            kind=row["kind"],
            value=row["value"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            sources=tuple(row["sources"] or ()),
        )


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An identifier of a customer: since when, and its place in the list."""

    identifier: IdentifierRow
    since: datetime
    place: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A piece of evidence, with the keys of its ends.

    other_key: of the end that was not asked for, where one was. message: id of the
    one that first showed it. ended_by: last_login, cut or rules.
    """

    id: str
    from_key: str
    to_key: str
    other_key: str
    times: int
    first_seen: datetime
    last_seen: datetime
    source: str | None
    message: str | None
    ended: datetime | None
    ended_by: str | None
    allowed: datetime | None
    by_hand: bool

    @classmethod
    def of(cls, row: Row) -> "LinkRow":
        """The evidence of a row."""
        return cls(
            id=row["id"],
            from_key=row["from_key"],
            to_key=row["to_key"],
            other_key=row.get("other_key", row["to_key"]),
            times=row["times"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            source=row["source"],
            message=row["message"],
            ended=row["ended"],
            ended_by=row["ended_by"],
            allowed=row["allowed"],
            by_hand=row["by_hand"],
        )


def identifier_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of identifiers that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(IDENTIFIERS, (str,), first=first, after=after, last=last, before=before)


def device_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of devices that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(DEVICES, (datetime, str), first=first, after=after, last=last, before=before)


def link_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of evidence that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(LINKS, (datetime, str), first=first, after=after, last=last, before=before)


def customer_link_page(
    ended: bool, *, first: int | None, after: str | None, last: int | None, before: str | None
) -> Page:
    """The page of a customer's evidence, ended or not, that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(customer_links_order(ended), (datetime, str), first=first, after=after, last=last, before=before)


def identifier_cursor(held: HeldRow) -> str:
    """The cursor of an identifier in a customer's list."""
    return cursor(IDENTIFIERS, (held.place,))


def device_cursor(device: IdentifierRow) -> str:
    """The cursor of a device in a customer's list."""
    return cursor(DEVICES, (device.last_seen, device.id))


def link_cursor(link: LinkRow) -> str:
    """The cursor of a link in an identifier's list."""
    return cursor(LINKS, (link.first_seen, link.id))


def customer_link_cursor(link: LinkRow, ended: bool) -> str:
    """The cursor of a link in a customer's list."""
    return cursor(customer_links_order(ended), (link.first_seen, link.id))


async def identifiers_by_keys(store: Store, keys: Sequence[str]) -> list[IdentifierRow | None]:
    """Identifiers by key, kind:value."""
    rows = await store.read("read/identifiers_by_keys", keys=list(keys))
    return one_each(keys, rows, "key", IdentifierRow.of)


async def identifiers_by_ids(store: Store, ids: Sequence[str]) -> list[IdentifierRow | None]:
    """Identifiers by id, idn_...."""
    rows = await store.read("read/identifiers_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", IdentifierRow.of)


async def identifier_pages(
    store: Store, ids: Sequence[str], kinds: tuple[str, ...] | None, page: Page
) -> list[Slice[HeldRow]]:
    """A page of the identifiers of each customer; kinds: only these, None for all."""
    rows = await store.read(
        f"read/identifiers_{page.end}",
        ids=list(ids),
        kinds=None if kinds is None else list(kinds),
        **identifier_bounds(page),
    )
    return [sliced(page, found, held_of) for found in many_each(ids, rows, "customer_id")]


def identifier_bounds(page: Page) -> dict[str, object]:
    """Parameters of a statement on a list of identifiers in their place."""
    return {
        "after": page.after[0] if page.after else "",
        "before": page.before[0] if page.before else None,
        "limit": page.fetch,
    }


async def identifier_totals(store: Store, ids: Sequence[str], kinds: tuple[str, ...] | None) -> list[int]:
    """How many identifiers each customer has; kinds: only these, each once, None for all."""
    rows = await store.read("read/identifier_totals", ids=list(ids), kinds=None if kinds is None else list(kinds))
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]


async def device_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[IdentifierRow]]:
    """A page of the devices of each customer."""
    rows = await store.read(f"read/devices_{page.end}", ids=list(ids), **page.bounds())
    return [sliced(page, found, IdentifierRow.of) for found in many_each(ids, rows, "customer_id")]


async def devices_told(store: Store, keys: Sequence[str]) -> list[DeviceTold]:
    """What the latest events of each device say about it, by the key of its identifier."""
    rows = await store.read(
        "read/device_contexts",
        keys=list(keys),
        subjects=SUBJECTS_MAX,
        walked=EVENTS_MAX,
        limit=CONTEXTS_MAX,
    )
    found = one_each(keys, rows, "key", lambda row: device_told(row["contexts"]))
    return [one or device_told(()) for one in found]


async def link_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[LinkRow]]:
    """A page of the evidence of each identifier."""
    rows = await store.read(f"read/links_{page.end}", ids=list(ids), **page.bounds())
    return [sliced(page, found, LinkRow.of) for found in many_each(ids, rows, "identifier_id")]


async def links_by_ids(store: Store, ids: Sequence[str]) -> list[LinkRow | None]:
    """Evidence by id, lnk_...."""
    rows = await store.read("read/links_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", LinkRow.of)


async def customer_link_pages(store: Store, ids: Sequence[str], ended: bool, page: Page) -> list[Slice[LinkRow]]:
    """A page of the evidence around each customer; ended: also that which no longer counts."""
    rows = await store.read(f"read/customer_links_{page.end}", ids=list(ids), ended=ended, **page.bounds())
    return [sliced(page, found, LinkRow.of) for found in many_each(ids, rows, "customer_id")]


async def customer_link_totals(store: Store, ids: Sequence[str], ended: bool) -> list[int]:
    """How many pieces of evidence each customer has; ended: also those that no longer count."""
    rows = await store.read("read/customer_links_total", ids=list(ids), ended=ended)
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]


def customer_links_order(ended: bool) -> str:
    """The name of a customer's list of evidence in its cursors."""
    return f"{CUSTOMER_LINKS}:{'all' if ended else 'active'}"


def held_of(row: Row) -> HeldRow:
    """The identifier of a row, as a customer has or had it."""
    return HeldRow(identifier=IdentifierRow.of(row), since=row["since"], place=row["place"])
