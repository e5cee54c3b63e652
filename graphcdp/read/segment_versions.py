"""What edits made of segments. Source: docs/segments.md, rule 17."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, many_each, one_each
from graphcdp.store.neo4j import Store

VERSIONS = "segment versions"


@dataclass(frozen=True, slots=True)
class VersionRow:
    """What a segment was after one edit.

    segment: id, seg_.... by: who edited, None before versions were kept. rule: JSON text.
    """

    segment: str
    number: int
    at: datetime
    by: str | None
    by_name: str | None
    action: str
    changed: list[str]
    name: str
    description: str | None
    rule: str
    rule_text: str
    status: str

    @classmethod
    def of(cls, row: Row) -> "VersionRow":
        """The version of a row."""
        return cls(**{name: value for name, value in row.items() if name != "key"})


def version_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of versions that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(VERSIONS, (int,), first=first, after=after, last=last, before=before)


def version_cursor(version: VersionRow) -> str:
    """The cursor of a version in its segment's list."""
    return cursor(VERSIONS, (version.number,))


async def version_pages(store: Store, ids: Sequence[str], page: Page) -> list[Slice[VersionRow]]:
    """A page of the versions of each segment, newest first."""
    rows = await store.read(
        f"segment/versions_{page.end}",
        ids=list(ids),
        after=page.after and page.after[0],
        before=page.before and page.before[0],
        limit=page.fetch,
    )
    return [sliced(page, found, VersionRow.of) for found in many_each(ids, rows, "segment")]


async def versions_by_numbers(store: Store, named: Sequence[tuple[str, int]]) -> list[VersionRow | None]:
    """Versions by segment, seg_..., and number; None for one that is not kept."""
    keys = [f"{segment}:{number}" for segment, number in named]
    return one_each(keys, await store.read("segment/versions_by_numbers", keys=keys), "key", VersionRow.of)


async def version_totals(store: Store, ids: Sequence[str]) -> list[int]:
    """How many versions of each segment are kept."""
    rows = await store.read("segment/version_totals", ids=list(ids))
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]
