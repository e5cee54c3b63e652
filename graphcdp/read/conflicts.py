"""Evidence that the rules refused, for review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, found_by_ids, many_each, one_each
from graphcdp.store.neo4j import Store

COUNT_MAX = 10_000
CONFLICTS = "conflicts"


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """Refused evidence that `identifier` is one person with `subject`, which are keys; nobody may have them.

    id: cfl_.... at: when it was first refused. code: LIMIT, MERGE_OFF, BLOCKED or
    RULES. kind, limit, actual: for LIMIT, what would have been too many. times: how
    many messages showed it; first_seen, last_seen: their times. message, source: of
    the first. status: OPEN, MERGED, KEPT_APART, BLOCKED or SOLVED.
    """

    id: str
    at: datetime
    subject: str
    identifier: str
    code: str
    kind: str | None
    limit: int | None
    actual: int | None
    times: int
    first_seen: datetime
    last_seen: datetime
    message: str | None
    source: str | None
    status: str
    decided: datetime | None
    reason: str | None

    @classmethod
    def of(cls, row: Row) -> "ConflictRow":
        """The refused evidence of a row."""
        return cls(
            id=row["id"],
            at=row["at"],
            subject=row["subject"],
            identifier=row["identifier"],
            code=row["code"],
            kind=row["kind"],
            limit=row["most"],
            actual=row["actual"],
            times=row["times"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            message=row["message"],
            source=row["source"],
            status=row["status"],
            decided=row["decided"],
            reason=row["reason"],
        )


@dataclass(frozen=True, slots=True)
class ConflictChoice:
    """Which refused evidence: of these statuses, sorted, and of this code.

    code: None leaves out what is open only because its value is blocked: that is
    kept in case the rules change, and is nothing to review.
    """

    statuses: tuple[str, ...]
    code: str | None = None


def conflict_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of refused evidence that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(CONFLICTS, (str,), first=first, after=after, last=last, before=before)


def conflict_cursor(conflict: ConflictRow) -> str:
    """The cursor of refused evidence."""
    return cursor(CONFLICTS, (conflict.id,))


async def conflicts_by_ids(store: Store, ids: Sequence[str]) -> list[ConflictRow | None]:
    """Refused evidence by id, cfl_...."""
    rows = await store.read("read/conflicts_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", ConflictRow.of)


async def list_conflicts(store: Store, choice: ConflictChoice, page: Page) -> Slice[ConflictRow]:
    """A page of the refused evidence, what was refused last first."""
    rows = await store.read(
        f"read/conflicts_{page.end}", statuses=list(choice.statuses), code=choice.code, **_bounds(page)
    )
    found = await found_by_ids(store, [row["id"] for row in rows], conflicts_by_ids)
    return sliced(page, [found[row["id"]] for row in rows if row["id"] in found], lambda row: row)


async def conflict_pages(
    store: Store, ids: Sequence[str], choice: ConflictChoice, page: Page
) -> list[Slice[ConflictRow]]:
    """A page of the refused evidence of each customer, what was refused last first."""
    rows = await store.read(
        f"read/customer_conflicts_{page.end}",
        ids=list(ids),
        statuses=list(choice.statuses),
        code=choice.code,
        **_bounds(page),
    )
    found = await found_by_ids(store, [row["id"] for row in rows], conflicts_by_ids)
    kept = [row for row in rows if row["id"] in found]
    return [sliced(page, mine, lambda row: found[row["id"]]) for mine in many_each(ids, kept, "customer_id")]


async def count_conflicts(store: Store, choice: ConflictChoice) -> int:
    """How much refused evidence there is; counting stops just above COUNT_MAX."""
    rows = await store.read(
        "read/conflicts_total", statuses=list(choice.statuses), code=choice.code, limit=COUNT_MAX + 1
    )
    return int(rows[0]["total"])


def _bounds(page: Page) -> dict[str, object]:
    return {
        "after": page.after[0] if page.after else None,
        "before": page.before[0] if page.before else None,
        "limit": page.fetch,
    }
