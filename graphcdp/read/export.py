"""Customers, identifiers, events and memberships, all of them, page by page. Source: docs/export.md.

Each page is a read of its own, in the order of a key that does not change, so
that an export needs the memory of one page and holds nobody up.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from graphcdp.model.errors import UnknownReferenceError
from graphcdp.model.ids import Tag, split_id
from graphcdp.model.times import to_wire
from graphcdp.read.rows import Row
from graphcdp.read.segments import segments_by_ids, segments_by_keys
from graphcdp.store.neo4j import Store

PAGE_ROWS = 1000
_ALWAYS = "0001-01-01T00:00:00Z"
_NEVER = "9999-12-31T23:59:59Z"


class Kind(StrEnum):
    """What can be exported."""

    CUSTOMERS = "customers"
    IDENTIFIERS = "identifiers"
    EVENTS = "events"
    MEMBERSHIPS = "memberships"


class Shape(StrEnum):
    """What the values of a column are, as a page has them."""

    TEXT = "text"
    TEXTS = "texts"  # a list
    TIME = "time"  # text, as Cypher's toString() writes it
    JSON = "json"  # an object, as text


COLUMNS: dict[Kind, dict[str, Shape]] = {
    Kind.CUSTOMERS: {
        "id": Shape.TEXT,
        "createdAt": Shape.TIME,
        "updatedAt": Shape.TIME,
        "firstSeenAt": Shape.TIME,
        "lastSeenAt": Shape.TIME,
        "formerIds": Shape.TEXTS,
        "traits": Shape.JSON,
    },
    Kind.IDENTIFIERS: {
        "id": Shape.TEXT,
        "kind": Shape.TEXT,
        "value": Shape.TEXT,
        "customerId": Shape.TEXT,
        "since": Shape.TIME,
        "firstSeenAt": Shape.TIME,
        "lastSeenAt": Shape.TIME,
        "sources": Shape.TEXTS,
    },
    Kind.EVENTS: {
        "eventId": Shape.TEXT,
        "name": Shape.TEXT,
        "at": Shape.TIME,
        "receivedAt": Shape.TIME,
        "source": Shape.TEXT,
        "customerId": Shape.TEXT,
        "subject": Shape.TEXT,
        "identifiers": Shape.TEXTS,
        "properties": Shape.JSON,
        "context": Shape.JSON,
    },
    Kind.MEMBERSHIPS: {
        "segmentId": Shape.TEXT,
        "segmentKey": Shape.TEXT,
        "segmentName": Shape.TEXT,
        "customerId": Shape.TEXT,
        "enteredAt": Shape.TIME,
    },
}
"""Columns of each kind, in their order. Names are those of schema.graphql."""

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of the graph. segment: only its members and what is theirs, seg_.... since, until: of events."""

    segment: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExportPage:
    """rows: values in the order of COLUMNS. walked: how many were looked at, those left out included."""

    rows: list[Values]
    walked: int


async def export_pages(
    store: Store, kind: Kind, choice: Choice, page_rows: int = PAGE_ROWS
) -> AsyncGenerator[ExportPage, None]:
    """All of a kind that is chosen, page by page. Raises DatabaseError."""
    at_end: dict[str, Any] = {"after": ""}
    values_of = _VALUES[kind]
    if kind is Kind.EVENTS:
        at_end = {"low": to_wire(choice.since) or _ALWAYS, "low_id": ""}
    fixed = {"high": to_wire(choice.until) or _NEVER} if kind is Kind.EVENTS else {}
    while True:
        rows = await store.read(f"read/export_{kind}", limit=page_rows, segment=choice.segment, **fixed, **at_end)
        yield ExportPage([values for row in rows if row["kept"] for values in values_of(row)], len(rows))
        if len(rows) < page_rows:
            return
        last = rows[-1]
        at_end = {"low": last["at"], "low_id": last["id"]} if kind is Kind.EVENTS else {"after": last["place"]}


async def export_totals(store: Store) -> dict[Kind, int]:
    """How many of each kind there are to walk; for memberships, how many customers."""
    (row,) = await store.read("read/export_totals")
    return {kind: row["customers" if kind is Kind.MEMBERSHIPS else kind.value] for kind in Kind}


async def segment_named(store: Store, name: str) -> str:
    """The id of the segment with this id or key. Raises UnknownReferenceError."""
    is_id = (found := split_id(name)) is not None and found[0] is Tag.SEGMENT
    (segment,) = await (segments_by_ids if is_id else segments_by_keys)(store, [name])
    if segment is None:
        raise UnknownReferenceError(f"There is no segment {name!r}; name one by its key or its id, seg_....")
    return segment.id


def _customer(row: Row) -> list[Values]:
    times = (row["created"], row["updated"], row["first_seen"], row["last_seen"])
    return [(row["id"], *times, sorted(row["former"]), row["traits"])]


def _identifier(row: Row) -> list[Values]:
    times = (row["since"], row["first_seen"], row["last_seen"])
    return [(row["id"], row["kind"], row["value"], row["customer_id"], *times, row["sources"] or [])]


def _event(row: Row) -> list[Values]:
    told = (row["id"], row["name"], row["at"], row["received"], row["source"], row["customer_id"], row["subject"])
    return [(*told, row["identifiers"] or [], row["json"], row["context"])]


def _memberships(row: Row) -> list[Values]:
    found = sorted(row["memberships"], key=lambda one: str(one["id"]))
    return [(one["id"], one["key"], one["name"], row["place"], one["since"]) for one in found]


_VALUES: dict[Kind, Callable[[Row], list[Values]]] = {
    Kind.CUSTOMERS: _customer,
    Kind.IDENTIFIERS: _identifier,
    Kind.EVENTS: _event,
    Kind.MEMBERSHIPS: _memberships,
}
