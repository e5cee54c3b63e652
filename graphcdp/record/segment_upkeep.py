"""What is done for segments now and then. Source: docs/segments.md, rules 10, 13 and 15."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from graphcdp.model.changes import SegmentEntered, SegmentExited
from graphcdp.model.errors import GraphCDPError
from graphcdp.plan.moments import is_foreseen
from graphcdp.record.jobs import Clock
from graphcdp.record.segment_builds import compared, fill, move, queue_builds
from graphcdp.record.segment_moments import run_due
from graphcdp.record.segments import clear_retired, definitions
from graphcdp.segment.definitions import Definition
from graphcdp.segment.membership import levels, to_build, to_sweep
from graphcdp.store import Store, Transaction

CHECKED_LATELY = timedelta(hours=12)

log = structlog.get_logger("graphcdp.segments")


@dataclass(frozen=True, slots=True)
class Drift:
    """What a check found of a segment. missing, extra: who was not in it and should have been, and the reverse."""

    segment_id: str
    key: str
    missing: tuple[str, ...]
    extra: tuple[str, ...]


async def sweep(store: Store, now: datetime) -> None:
    """Bring up to date what no write and no moment does.

    Memberships that time alone changes at a moment that is not foreseen, those
    that an edit and a write at the same time missed, segments that nobody builds,
    and what is left of deleted ones. Safe to run in several processes.
    """
    await clear_retired(store, now)
    found = await definitions(store)
    await queue_builds(store, to_build(found, now), now)
    for definition in to_sweep(found, now, is_foreseen):
        await fill(store, definition, now)


async def check(store: Store, now: datetime, *, fresh: timedelta = timedelta(0)) -> list[Drift]:
    """Compare all members of live segments with what their rules say, and repair what differs.

    Source: docs/segments.md, rule 21. fresh: segments that were checked so lately are
    left out, so that of several processes one checks. Those who differ are locked and compared
    again, with what is due brought up to date before, so that a write that is
    under way is no drift. What it found is kept with each segment.
    """
    started = time.monotonic()
    found = []
    for definition in [one for level in levels(await definitions(store)) for one in level]:
        if definition.building or not is_foreseen(definition.rule):
            continue
        clock = partial(_later, now, started)
        if not await store.transact(partial(_begin, definition=definition, now=clock(), before=clock() - fresh)):
            continue
        drift = await _checked(store, definition, clock)
        found.append(drift)
        different = len(drift.missing) + len(drift.extra)
        await store.transact(partial(_keep, definition=definition, drift=different))
        if different:
            log.error("members of a segment drifted and were repaired", segment=drift.key, customers=different)
    return found


async def check_daily(store: Store, hour: int, clock: Clock) -> None:
    """Check each day when this hour begins, in UTC, until cancelled; never for a negative one."""
    while hour >= 0:
        await asyncio.sleep(seconds_until(hour, clock()))
        try:
            await check(store, clock(), fresh=CHECKED_LATELY)
        except GraphCDPError as error:
            log.warning("segments are not checked", reason=str(error))


def seconds_until(hour: int, now: datetime) -> float:
    """How long it is until this hour of the day begins next, in UTC."""
    begins = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (begins - now if begins > now else begins + timedelta(days=1) - now).total_seconds()


def _later(now: datetime, started: float) -> datetime:
    return now + timedelta(seconds=time.monotonic() - started)


async def _checked(store: Store, definition: Definition, clock: Callable[[], datetime]) -> Drift:
    after: str | None = ""
    missing: list[str] = []
    extra: list[str] = []
    while after is not None:
        at = clock()
        await run_due(store, at)
        after, ids = await compared(store.read_generated, definition, after, at)
        if ids:
            for change in await store.transact(partial(_repaired, definition=definition, ids=ids, now=at)):
                (missing if isinstance(change, SegmentEntered) else extra).append(change.customer)
    return Drift(definition.id, definition.key, tuple(sorted(missing)), tuple(sorted(extra)))


async def _repaired(
    tx: Transaction, *, definition: Definition, ids: Sequence[str], now: datetime
) -> list[SegmentEntered | SegmentExited]:
    """Who of the customers still differs when locked, moved now."""
    await move(tx, definition, ids, now)
    return [
        change
        for change in tx.told
        if isinstance(change, SegmentEntered | SegmentExited) and change.segment == definition.id
    ]


async def _begin(tx: Transaction, *, definition: Definition, now: datetime, before: datetime) -> bool:
    return bool(await tx.run("segment/check_begin", id=definition.id, now=now, before=before))


async def _keep(tx: Transaction, *, definition: Definition, drift: int) -> None:
    await tx.run("segment/check_end", id=definition.id, drift=drift)
