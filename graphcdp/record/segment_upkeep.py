"""What is done for segments now and then. Source: docs/segments.md, rules 10, 13 and 15."""

from datetime import datetime

from graphcdp.plan.moments import is_foreseen
from graphcdp.record.segment_builds import fill, queue_builds
from graphcdp.record.segments import clear_retired, definitions
from graphcdp.segment.membership import to_build, to_sweep
from graphcdp.store import Store


async def sweep(store: Store, now: datetime) -> None:
    """Bring up to date what no write and no moment does.

    Memberships that time alone changes at a moment that is not foreseen, those
    that an edit and a write at the same time missed, segments that nobody builds,
    and what is left of deleted ones. Safe to run in several processes.
    """
    await clear_retired(store)
    found = await definitions(store)
    await queue_builds(store, to_build(found, now), now)
    for definition in to_sweep(found, now, is_foreseen):
        await fill(store, definition, now)
