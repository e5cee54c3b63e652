"""Creates, changes, archives and deletes segments. Source: docs/segments.md, rules 13 to 18.

An edit locks all segments, decides and writes in one transaction; then its
members are computed by a job, and what that does not finish in time is done
in the background.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from graphcdp.model.errors import DatabaseConflictError
from graphcdp.model.predicates import Predicate, SegmentName
from graphcdp.record.clock import utc_now
from graphcdp.record.locked_segments import Changes, LockedSegments, Row, check_version
from graphcdp.record.segment_builds import build
from graphcdp.record.segments import clear_retired
from graphcdp.segment.definitions import Definition, SegmentConflictError
from graphcdp.segment.versions import PROCESS, Editor
from graphcdp.store import Store, Transaction

__all__ = [
    "Changes",
    "archive_segment",
    "create_segment",
    "delete_segment",
    "restore_segment",
    "revert_segment",
    "update_segment",
]

FILL_BUDGET_S = 5.0
"""How long an edit waits for its members; a segment that needs longer answers BUILDING."""


async def create_segment(
    store: Store,
    key: str,
    name: str,
    description: str | None,
    rule: Predicate,
    now: datetime,
    by: Editor = PROCESS,
) -> str:
    """Make a segment and compute its members. Returns its id, seg_....

    Raises UnusableValueError, UnknownSegmentError, SegmentConflictError or
    SegmentLimitError; then nothing was written.
    """

    async def work(tx: Transaction) -> tuple[str, Definition | None]:
        segments = await LockedSegments.lock(tx, by, now)
        to_fill = await segments.create(key, name, description, rule)
        return str(segments.row_of(SegmentName(key=key))["id"]), to_fill

    try:
        segment_id, to_fill = await store.transact(work)
    except DatabaseConflictError as error:
        # Locking finds only segments that are there, so two writers may make the same first one.
        raise SegmentConflictError(
            f"Someone else made a segment with the key {key} at the same moment.", ("key",), None
        ) from error
    if to_fill is not None:
        await build(store, to_fill, now, budget_s=FILL_BUDGET_S)
    return segment_id


async def update_segment(
    store: Store, named: SegmentName, version: int, changes: Changes, now: datetime, by: Editor = PROCESS
) -> str:
    """Change a segment that is still at this version, and compute its members when they may change.

    Returns its id. Errors as `create_segment`; SegmentConflictError for another
    version, and for an archived segment.
    """

    async def work(segments: LockedSegments, row: Row) -> Definition | None:
        check_version(row, version)
        return await segments.change(row, changes)

    return await _edited(store, named, work, now, by)


async def revert_segment(
    store: Store, named: SegmentName, version: int, to: int, now: datetime, by: Editor = PROCESS
) -> str:
    """Give a segment that is still at this version the name, description and rule of version `to` again.

    That makes a new version. Returns its id. Errors as `update_segment`, and UnknownSegmentError
    when version `to` is not kept.
    """

    async def work(segments: LockedSegments, row: Row) -> Definition | None:
        check_version(row, version)
        return await segments.revert(row, to)

    return await _edited(store, named, work, now, by)


async def archive_segment(store: Store, named: SegmentName, now: datetime, by: Editor = PROCESS) -> str:
    """Put away a segment that no other one's rule names; its members leave. Returns its id.

    Raises UnknownSegmentError or SegmentConflictError; then nothing was written.
    """

    async def work(segments: LockedSegments, row: Row) -> None:
        await segments.archive(row)

    segment_id = await _edited(store, named, work, now, by)
    await clear_retired(store, now)
    return segment_id


async def restore_segment(store: Store, named: SegmentName, now: datetime, by: Editor = PROCESS) -> str:
    """Bring an archived segment back and compute its members. Returns its id. Errors as `create_segment`."""

    async def work(segments: LockedSegments, row: Row) -> Definition | None:
        return await segments.restore(row)

    return await _edited(store, named, work, now, by)


async def delete_segment(store: Store, named: SegmentName) -> str:
    """Delete a segment that no other one's rule names. Returns the id that it had.

    Raises UnknownSegmentError or SegmentConflictError; then nothing was written.
    """

    async def work(tx: Transaction) -> str:
        segments = await LockedSegments.lock(tx, PROCESS, utc_now())
        row = segments.row_of(named)
        await segments.delete(row)
        return str(row["id"])

    segment_id = await store.transact(work)
    await clear_retired(store, utc_now())
    return segment_id


async def _edited(
    store: Store,
    named: SegmentName,
    edit: Callable[[LockedSegments, Row], Awaitable[Definition | None]],
    now: datetime,
    by: Editor,
) -> str:
    """Edit one segment, then compute its members when the edit says so. Returns its id."""

    async def work(tx: Transaction) -> tuple[str, Definition | None]:
        segments = await LockedSegments.lock(tx, by, now)
        row = segments.row_of(named)
        return str(row["id"]), await edit(segments, row)

    segment_id, to_fill = await store.transact(work)
    if to_fill is not None:
        await build(store, to_fill, now, budget_s=FILL_BUDGET_S)
    return segment_id
