"""Looks at customers again at the moments at which time alone may move them. Source: docs/segments.md, rule 10.

Moments are kept in the graph, so they survive a stop. Several processes may
look at the same customer: it is locked and evaluated anew, which changes
nothing the second time.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from graphcdp.model.errors import DatabaseError
from graphcdp.record.jobs import Clock
from graphcdp.record.segments import bring, definitions
from graphcdp.record.tries import transact_again
from graphcdp.store import Store, Transaction

PAGE = 1000
"""Pairs of a customer and a segment that are looked at in one transaction."""
PAGE_TIMEOUT_S = 60.0
POLL_S = 1.0
"""How late a moment is seen, at most, that another process has set; those of this one wake it."""

APART_S = 0.2
"""How long a process waits after it has looked until it looks again: who is due meanwhile shares a transaction."""

log = structlog.get_logger("graphcdp.segments")


async def run_due(store: Store, now: datetime) -> int:
    """Bring up to date whoever is due now; how many pairs of a customer and a segment that were."""
    done = 0
    while rows := await store.read("segment/due", now=now, limit=PAGE):
        await transact_again(store, partial(_look, rows=rows, now=now), timeout_s=PAGE_TIMEOUT_S)
        done += len(rows)
    return done


async def keep_moments(store: Store, clock: Clock) -> None:
    """Run what is due, when it is due, until cancelled."""
    woken = asyncio.Event()
    next_at: datetime | None = None
    looked_s = -APART_S

    def wake(at: datetime) -> None:
        if next_at is None or at < next_at:
            woken.set()

    store.time(wake)
    try:
        while True:
            woken.clear()
            wait_s = POLL_S
            try:
                rows = await store.read("segment/due_next")
                next_at = rows[0]["at"] if rows else None
                if next_at is not None:
                    wait_s = min((next_at - clock()) / timedelta(seconds=1), POLL_S)
                    if wait_s <= 0:
                        await asyncio.sleep(max(0.0, looked_s + APART_S - time.monotonic()))
                        await run_due(store, clock())
                        looked_s = time.monotonic()
                        continue
            except DatabaseError as error:
                log.warning("not looked at in time; it is done later", reason=str(error))
                wait_s = POLL_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await woken.wait()
    finally:
        store.untime(wake)


async def _look(tx: Transaction, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    tx.concerns(row["customer"] for row in rows)
    await tx.run("record/lock_customers", ids=sorted({row["customer"] for row in rows if row["live"]}))
    known = await definitions(tx)
    kept = {found.id for found in known}
    pairs: dict[str, set[str]] = defaultdict(set)
    idle = []
    for row in rows:
        if row["live"] and row["segment"] in kept:
            pairs[row["segment"]].add(row["customer"])
        else:
            # Of a paused segment all are set anew when it goes on.
            idle.append({"customer": row["customer"], "segment": row["segment"]})
    await bring(tx, pairs, now, known=known)
    if idle:
        await tx.run(
            "segment/due_drop", batch={"rows": sorted(idle, key=lambda row: (row["segment"], row["customer"]))}
        )
