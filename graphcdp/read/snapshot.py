"""Customers at a past moment, by dated ownership and the log of merges."""

from datetime import datetime

from graphcdp.read.identities import HeldRow, held_of, identifier_bounds
from graphcdp.read.pages import Page, Slice, sliced
from graphcdp.store.neo4j import Store

Kinds = tuple[str, ...] | None


async def holder_at(store: Store, key: str, at: datetime) -> str | None:
    """The id, as it was then, of the customer who had the identifier at the moment."""
    rows = await store.read("read/snapshot_holder", key=key, at=at)
    return rows[0]["customer_id"] if rows else None


async def survivor_at(store: Store, customer_id: str, at: datetime) -> str:
    """The id of the customer that this one had become by the moment, after all merges that stood then."""
    met: set[str] = set()
    # Clocks of several servers differ, so that two merges of one pair, one of them undone, may seem to overlap.
    while customer_id not in met:
        met.add(customer_id)
        rows = await store.read("read/snapshot_survivor", id=customer_id, at=at)
        if rows:
            customer_id = rows[0]["customer_id"]
    return customer_id


async def identifiers_at(store: Store, customer_id: str, at: datetime, kinds: Kinds, page: Page) -> Slice[HeldRow]:
    """A page of the identifiers that the customer had at the moment, in the order of a customer's identifiers."""
    rows = await store.read(
        f"read/snapshot_identifiers_{page.end}",
        id=customer_id,
        at=at,
        kinds=None if kinds is None else list(kinds),
        **identifier_bounds(page),
    )
    return sliced(page, rows, held_of)


async def count_identifiers_at(store: Store, customer_id: str, at: datetime, kinds: Kinds) -> int:
    """How many identifiers the customer had at the moment; 0 when there was no such customer then."""
    rows = await store.read("read/snapshot_total", id=customer_id, at=at, kinds=None if kinds is None else list(kinds))
    return int(rows[0]["total"])
