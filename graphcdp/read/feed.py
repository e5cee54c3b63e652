"""The feed: changes in the order of their numbers. Source: docs/feed.md, rules 1 to 3 and 9."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graphcdp.model.changes import Change, ChangeKind, Merged, Sequenced, Split, from_json
from graphcdp.model.errors import CursorExpiredError
from graphcdp.read.pages import cursor, read_cursor
from graphcdp.store import Store

FEED = "feed"
LIMIT_MAX = 1000
SCANNED_MAX = 20_000
_TRIES_MAX = 20
"""Readings when a page is missing in between, which the next reading finds."""


@dataclass(frozen=True, slots=True)
class Standing:
    """newest: number of the newest change, 0 before any. dropped: changes up to this number are no longer kept."""

    newest: int
    dropped: int


def feed_cursor(seq: int) -> str:
    """The cursor behind the change of this number."""
    return cursor(FEED, (seq,))


def number_of(text: str, name: str = "after") -> int:
    """The number in a cursor of the feed. name: of the argument, for the error. Raises BadCursorError."""
    (seq,) = read_cursor(text, FEED, (int,), name)
    return int(seq)


async def standing(store: Store) -> Standing:
    """Where the feed stands."""
    row = await store.read_one("feed/newest")
    return Standing(row["seq"], row["floor"])


async def read_changes(store: Store, after: int, limit: int = LIMIT_MAX) -> list[Sequenced]:
    """The changes numbered after+1 to at most after+limit, in order; none when there is nothing newer.

    Raises CursorExpiredError when some of them were dropped. A number that the
    feed has not reached is no error: there is nothing newer.
    """
    until = after + limit
    for _ in range(_TRIES_MAX):
        row = await store.read_one("feed/after", after=after, until=until)
        if row["floor"] > after:
            raise expired(after, row["floor"])
        changes = _in_a_row(row["pages"], after, until)
        if changes or not row["pages"]:
            return changes
        # The walk passed a page's place before its commit and met a later one: once more, now both are there.
    return []


def expired(after: int, dropped: int) -> CursorExpiredError:
    """The error for a cursor behind which changes were dropped."""
    return CursorExpiredError(
        f"The cursor is too old: it stands behind change {after}, and changes up to {dropped} are no longer kept. Read "
        f"the customers anew, then go on from the newest cursor; or keep changes longer, by GRAPHCDP_FEED_KEEP_S and "
        f"GRAPHCDP_FEED_KEEP_MAX.",
        ("after",),
    )


def _in_a_row(pages: list[dict[str, Any]], after: int, until: int) -> list[Sequenced]:
    """The changes of the pages, as far as no number is missing."""
    found: list[Sequenced] = []
    last = after
    for page in pages:
        if page["first"] > last + 1:
            break
        # A zone's name follows the offset in brackets.
        at = datetime.fromisoformat(page["at"].partition("[")[0])
        for seq, told in enumerate(orjson.loads(page["changes"]), page["first"]):
            if last < seq <= until:
                found.append(Sequenced(seq, at, from_json(told)))
                last = seq
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """Changes that fit a choice. last: number of the last one looked at. more: whether others follow that."""

    changes: list[Sequenced]
    last: int
    more: bool


async def choose_changes(
    store: Store, after: int, size: int, kinds: Collection[ChangeKind] = (), customers: Collection[str] = ()
) -> Found:
    """The next changes of these kinds and of customers with these ids; of all without any.

    At most SCANNED_MAX changes are looked at, so that there may be fewer than
    `size`, or none, although more follow. Raises CursorExpiredError.
    """
    found: list[Sequenced] = []
    last = after
    while last < after + SCANNED_MAX:
        batch = await read_changes(store, last)
        for one in batch:
            if len(found) == size:
                return Found(found, last, more=True)
            last = one.seq
            if (not kinds or one.change.kind in kinds) and (not customers or _concerns(one.change, customers)):
                found.append(one)
        if len(batch) < LIMIT_MAX:
            return Found(found, last, more=False)
    return Found(found, last, more=True)


async def ids_of_customer(store: Store, customer: str) -> tuple[str, ...]:
    """All ids that lead to the customer whom this one leads to now; itself alone when that is nobody."""
    ids = await store.read_one("feed/ids_of_customer", id=customer)
    return tuple(ids) or (customer,)


def _concerns(change: Change, customers: Collection[str]) -> bool:
    match change:
        case Merged(customer, absorbed):
            return customer in customers or absorbed in customers
        case Split(customer, parts):
            return customer in customers or any(part.customer in customers for part in parts)
    return change.customer in customers
