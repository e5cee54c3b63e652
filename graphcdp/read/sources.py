"""What came from each source, as it was counted with the messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, one_each
from graphcdp.store.neo4j import Store

SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What came from one source.

    messages: all of them; events, duplicates, rejected and limited are among them, the
    rest are statements that were recorded. violations: how many broke the tracking
    plan. sample: JSON text, the shape of the latest message.
    """

    name: str
    messages: int
    events: int
    duplicates: int
    rejected: int
    limited: int
    violations: int
    first: datetime
    last: datetime
    sample: str

    @classmethod
    def of(cls, row: Row) -> "SourceRow":
        """The source of a row."""
        return cls(**row)

    @property
    def rejected_share(self) -> float:
        """The part of the messages that were rejected, 0 to 1."""
        return self.rejected / self.messages if self.messages else 0.0


def source_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of sources that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(SOURCES, (str,), first=first, after=after, last=last, before=before)


def source_cursor(source: SourceRow) -> str:
    """The cursor of a source."""
    return cursor(SOURCES, (source.name,))


async def list_sources(store: Store, page: Page) -> Slice[SourceRow]:
    """A page of the sources, by name."""
    rows = await store.read(
        f"read/sources_{page.end}",
        after=page.after[0] if page.after else None,
        before=page.before[0] if page.before else None,
        limit=page.fetch,
    )
    return sliced(page, rows, SourceRow.of)


async def sources_by_names(store: Store, names: Sequence[str]) -> list[SourceRow | None]:
    """Sources by their names."""
    rows = await store.read("read/sources_by_names", names=list(names))
    return one_each(names, rows, "name", SourceRow.of)
