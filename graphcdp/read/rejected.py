"""Messages that could not be taken, kept with the reason."""

from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row
from graphcdp.store.neo4j import Store

REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A message that was refused.

    id: rej_.... code: a ProblemCode's name. json: the message as it came, as
    text; not always JSON. tries: how often it was refused. tried: when it was tried
    again last; None for never.
    """

    id: str
    message_id: str
    received: datetime
    source: str | None
    code: str
    reason: str
    json: str
    tries: int = 1
    tried: datetime | None = None


def rejected_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of refused messages that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(REJECTED, (str,), first=first, after=after, last=last, before=before)


def rejected_cursor(message: RejectedRow) -> str:
    """The cursor of a refused message."""
    return cursor(REJECTED, (message.id,))


async def rejected_messages(store: Store, page: Page) -> Slice[RejectedRow]:
    """A page of the refused messages, newest first."""
    rows = await store.read(
        f"read/rejected_{'first' if page.forward else 'last'}",
        after=page.after[0] if page.after else None,
        before=page.before[0] if page.before else None,
        limit=page.fetch,
    )
    return sliced(page, rows, _rejected)


def _rejected(row: Row) -> RejectedRow:
    return RejectedRow(
        id=row["id"],
        message_id=row["message_id"],
        received=row["received"],
        source=row["source"],
        code=row["code"],
        reason=row["reason"],
        json=row["json"] or "null",
        tries=row["tries"],
        tried=row["tried"],
    )
