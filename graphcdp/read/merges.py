"""The log of merges and splits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.identities import LinkRow
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, found_by_ids, many_each, one_each
from graphcdp.store.neo4j import Store

MERGES = "merges"


@dataclass(frozen=True, slots=True)
class MergeRow:
    """One customer went into another; survivor and absorbed are ids that they had then.

    cause: EVIDENCE, ALIAS, MANUAL or RULES. message: id of the message, None when a
    person or other rules did it. undone: None while it stands.
    """

    id: str
    at: datetime
    survivor: str
    absorbed: str
    cause: str
    message: str | None
    source: str | None
    reason: str | None
    undone: datetime | None
    undone_reason: str | None


@dataclass(frozen=True, slots=True)
class SplitRow:
    """A part came out of a customer. identifiers: keys that went with it.

    cause: CUT, SPLIT, UNDO or RULES. merge: id of the one that was undone.
    """

    id: str
    at: datetime
    customer: str
    part: str
    cause: str
    identifiers: tuple[str, ...]
    merge: str | None
    reason: str | None


def merge_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of merges that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(MERGES, (datetime, str), first=first, after=after, last=last, before=before)


def merge_cursor(merge: MergeRow) -> str:
    """The cursor of a merge in a customer's list."""
    return cursor(MERGES, (merge.at, merge.id))


async def merges_by_ids(store: Store, ids: Sequence[str]) -> list[MergeRow | None]:
    """Merges by id, mrg_...."""
    rows = await store.read("read/merges_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", _merge)


async def splits_by_ids(store: Store, ids: Sequence[str]) -> list[SplitRow | None]:
    """Splits by id, spl_...."""
    rows = await store.read("read/splits_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", _split)


async def merge_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[MergeRow]]:
    """A page of the merges that made each customer, newest first, undone ones included."""
    rows = await store.read(f"read/merges_{page.end}", ids=list(ids), **page.bounds())
    found = await found_by_ids(store, [row["id"] for row in rows], merges_by_ids)
    kept = [row for row in rows if row["id"] in found]
    return [sliced(page, mine, lambda row: found[row["id"]]) for mine in many_each(ids, kept, "customer_id")]


async def merge_of_absorbed(store: Store, ids: Sequence[str]) -> list[str | None]:
    """Id of the merge that stands for each customer that was merged away, by the id that it had."""
    rows = await store.read("read/merge_of_absorbed", ids=list(ids))
    return one_each(ids, rows, "absorbed", lambda row: str(row["id"]))


async def merge_evidence(store: Store, ids: Sequence[str]) -> list[list[LinkRow]]:
    """The evidence that led to each merge, oldest first."""
    rows = await store.read("read/merge_evidence", ids=list(ids))
    return [[LinkRow.of(row) for row in found] for found in many_each(ids, rows, "merge")]


def _merge(row: Row) -> MergeRow:
    return MergeRow(
        id=row["id"],
        at=row["at"],
        survivor=row["survivor"],
        absorbed=row["absorbed"],
        cause=row["cause"],
        message=row["message"],
        source=row["source"],
        reason=row["reason"],
        undone=row["undone"],
        undone_reason=row["undone_reason"],
    )


def _split(row: Row) -> SplitRow:
    return SplitRow(
        id=row["id"],
        at=row["at"],
        customer=row["customer"],
        part=row["part"],
        cause=row["cause"],
        identifiers=tuple(row["identifiers"] or ()),
        merge=row["merge"],
        reason=row["reason"],
    )
