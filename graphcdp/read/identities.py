"""Identifiers, devices and the evidence between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, many_each, one_each
from graphcdp.store.neo4j import Store

IDENTIFIERS = "identifiers"
DEVICES = "devices"
LINKS = "links"


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
    """A piece of evidence; keys of its ends, and of the end seen from the other."""

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


def identifier_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of identifiers that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(IDENTIFIERS, (str,), first=first, after=after, last=last, before=before)


def device_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of devices that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(DEVICES, (datetime, str), first=first, after=after, last=last, before=before)


def link_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of evidence that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(LINKS, (datetime, str), first=first, after=after, last=last, before=before)


def identifier_cursor(held: HeldRow) -> str:
    """The cursor of an identifier in a customer's list."""
    return cursor(IDENTIFIERS, (held.place,))


def device_cursor(device: IdentifierRow) -> str:
    """The cursor of a device in a customer's list."""
    return cursor(DEVICES, (device.last_seen, device.id))


def link_cursor(link: LinkRow) -> str:
    """The cursor of a link in an identifier's list."""
    return cursor(LINKS, (link.first_seen, link.id))


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
        after=page.after[0] if page.after else "",
        before=page.before[0] if page.before else None,
        limit=page.fetch,
    )
    return [sliced(page, found, _held) for found in many_each(ids, rows, "customer_id")]


async def identifier_totals(store: Store, ids: Sequence[str], kinds: tuple[str, ...] | None) -> list[int]:
    """How many identifiers each customer has; kinds: only these, each once, None for all."""
    rows = await store.read("read/identifier_totals", ids=list(ids), kinds=None if kinds is None else list(kinds))
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]


async def device_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[IdentifierRow]]:
    """A page of the devices of each customer."""
    rows = await store.read(f"read/devices_{page.end}", ids=list(ids), **page.bounds())
    return [sliced(page, found, IdentifierRow.of) for found in many_each(ids, rows, "customer_id")]


async def link_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[LinkRow]]:
    """A page of the evidence of each identifier."""
    rows = await store.read(f"read/links_{page.end}", ids=list(ids), **page.bounds())
    return [sliced(page, found, _link) for found in many_each(ids, rows, "identifier_id")]


def _held(row: Row) -> HeldRow:
    return HeldRow(identifier=IdentifierRow.of(row), since=row["since"], place=row["place"])


def _link(row: Row) -> LinkRow:
    return LinkRow(
        id=row["id"],
        from_key=row["from_key"],
        to_key=row["to_key"],
        other_key=row["other_key"],
        times=row["times"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        source=row["source"],
        message=row["message"],
        ended=row["ended"],
    )
