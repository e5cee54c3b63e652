"""What happened to the identity of customers: merges, splits and refused evidence in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.ids import Tag, split_id
from graphcdp.read.conflicts import ConflictRow, conflicts_by_ids
from graphcdp.read.merges import MergeRow, SplitRow, merges_by_ids, splits_by_ids
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import found_by_ids, many_each
from graphcdp.store.neo4j import Store

HISTORY = "identity-history"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """Something that happened, and its place in the list."""

    at: datetime
    change: MergeRow | SplitRow | ConflictRow


def history_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of history that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(HISTORY, (datetime, str), first=first, after=after, last=last, before=before)


def history_cursor(row: HistoryRow) -> str:
    """The cursor of something that happened."""
    return cursor(HISTORY, (row.at, row.change.id))


async def history_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[HistoryRow]]:
    """A page of the history of each customer and of all that went into it, newest first."""
    rows = await store.read(f"read/history_{page.end}", ids=list(ids), **page.bounds())
    found = await _changes(store, [row["id"] for row in rows])
    kept = [row for row in rows if row["id"] in found]
    return [
        sliced(page, mine, lambda row: HistoryRow(row["at"], found[row["id"]]))
        for mine in many_each(ids, kept, "customer_id")
    ]


async def _changes(store: Store, ids: Sequence[str]) -> dict[str, MergeRow | SplitRow | ConflictRow]:
    by_tag: dict[Tag, list[str]] = {Tag.MERGE: [], Tag.SPLIT: [], Tag.CONFLICT: []}
    for one in ids:
        parts = split_id(one)
        if parts is not None:
            by_tag[parts[0]].append(one)
    merges = await found_by_ids(store, by_tag[Tag.MERGE], merges_by_ids)
    splits = await found_by_ids(store, by_tag[Tag.SPLIT], splits_by_ids)
    conflicts = await found_by_ids(store, by_tag[Tag.CONFLICT], conflicts_by_ids)
    return {**merges, **splits, **conflicts}
