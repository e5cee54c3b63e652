"""Which destinations this process delivers for. Source: docs/webhooks.md, rules 7 and 8.

Every second it looks at what is stored: takes what is enabled and nobody's, ends
what is disabled or was edited. All processes do; a lease decides.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from graphcdp.deliver.configured import Configured
from graphcdp.deliver.http import Sender
from graphcdp.deliver.outlet import OutletWorker
from graphcdp.deliver.webhook import WebhookDestination
from graphcdp.deliver.worker import Follow, Post, ReadAfter, Surroundings, WebhookWorker
from graphcdp.model.errors import GraphCDPError
from graphcdp.read.deliveries import WEBHOOK, DestinationRow, destinations
from graphcdp.read.feed import standing
from graphcdp.record.delivering import Claimed, claim
from graphcdp.settings import Settings
from graphcdp.store import Store, Transaction

LOOK_S = 1.0
TRIM_S = 60.0
TRIM_AT_ONCE = 5000

log = structlog.get_logger("graphcdp.destinations")


class Worker(Protocol):
    """What delivers for one destination."""

    version: int

    async def run(self) -> None:
        """Until there is nothing to do for it here any more."""


class Deliveries:
    """All deliveries of a process. around: for tests, to change what workers work with."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        follow: Follow,
        read: ReadAfter,
        *,
        configured: Sequence[Configured] = (),
        around: Callable[[Surroundings], Surroundings] = lambda given: given,
        look_s: float = LOOK_S,
    ) -> None:
        self._store = store
        self._settings = settings
        self._configured = {one.id: one for one in configured}
        self._around = around(
            Surroundings(store, f"prc_{secrets.token_hex(8)}", follow, read, disable_s=settings.webhook_disable_s)
        )
        self._look_s = look_s
        self._sender = Sender(settings.webhook_reach, settings.webhook_timeout_s)
        self._tasks: dict[str, tuple[Worker, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Deliver until cancelled; then what is under way is finished, for a moment, and kept."""
        trimmed_s, known = 0.0, False
        try:
            while True:
                try:
                    if not known:
                        await self._make_known()
                        known = True
                    await self._look()
                    if time.monotonic() - trimmed_s >= TRIM_S:
                        await self._trim()
                        trimmed_s = time.monotonic()
                except GraphCDPError as error:
                    log.warning("destinations not looked at", reason=str(error))
                await asyncio.sleep(self._look_s)
        finally:
            await self._end(list(self._tasks))
            await self._sender.close()

    async def _make_known(self) -> None:
        """The destinations of the file have their cursors in the graph."""
        now, stands = self._around.clock(), await standing(self._store)
        for one in self._configured.values():
            properties = {
                "type": one.type if one.type != WEBHOOK else "webhook-plugin",
                "name": one.name,
                "filter": one.filter.to_json(),
                "enabled": True,
                "cursor": stands.dropped if one.from_start else stands.newest,
            }

            async def work(tx: Transaction, one: Configured = one, properties: dict[str, Any] = properties) -> None:
                await tx.run("deliver/create", id=one.id, properties=properties, now=now)

            await self._store.transact(work)

    async def _look(self) -> None:
        rows = {
            row.id: row
            for row in await destinations(self._store)
            if row.enabled and (row.type == WEBHOOK or row.id in self._configured)
        }
        over = [
            one
            for one, (worker, task) in self._tasks.items()
            if task.done() or one not in rows or rows[one].version != worker.version
        ]
        await self._end(over)
        now = self._around.clock()
        for row in rows.values():
            free = row.holder in (None, self._around.holder) or row.lease is None or row.lease <= now
            if row.id not in self._tasks and free:
                await self._start(row)

    async def _start(self, row: DestinationRow) -> None:
        around = self._around
        claimed = await claim(around.store, row.id, around.holder, around.clock(), around.lease)
        if claimed is not None:
            worker = self._worker(row, claimed)
            self._tasks[row.id] = worker, asyncio.create_task(worker.run())

    def _worker(self, row: DestinationRow, claimed: Claimed) -> Worker:
        configured = self._configured.get(row.id)
        if configured is None:
            return WebhookWorker(self._around, claimed, self._post(claimed))
        return OutletWorker(self._around, claimed, configured.make(self._settings), configured.filter)

    def _post(self, claimed: Claimed) -> Post:
        return WebhookDestination(claimed.url or "", claimed.secrets, self._sender).post

    async def _end(self, ids: Sequence[str]) -> None:
        """End workers; one that failed by itself is told in the log, and begun again."""
        ending = {one: self._tasks.pop(one)[1] for one in ids}
        for task in ending.values():
            task.cancel()
        if ending:
            await asyncio.wait(ending.values())
        for one, task in ending.items():
            if task.cancelled():
                continue
            error = task.exception()
            if isinstance(error, GraphCDPError):
                log.warning("delivery interrupted; it goes on", destination=one, reason=str(error))
            elif error is not None:
                log.error("delivery failed; it goes on", destination=one, exc_info=error)

    async def _trim(self) -> None:
        before = self._around.clock() - timedelta(seconds=self._settings.webhook_log_keep_s)
        for one in list(self._tasks):
            for status in ("DELIVERED", "DEAD"):
                await trim(self._store, one, status, before, self._settings.webhook_log_keep_max)


async def trim(store: Store, destination: str, status: str, before: datetime, keep_max: int) -> int:
    """Drop from the log what is older than `before` and what is beyond the newest `keep_max`; how much that was."""
    dropped: int = 0
    while True:
        (row,) = await store.transact(
            lambda tx: tx.run(
                "deliver/trim",
                destination=destination,
                status=status,
                before=before,
                keep=keep_max,
                limit=TRIM_AT_ONCE,
            )
        )
        dropped += int(row["dropped"])
        if row["dropped"] < TRIM_AT_ONCE:
            return dropped


@contextlib.asynccontextmanager
async def delivering(deliveries: Deliveries) -> AsyncIterator[None]:
    """Meanwhile deliver."""
    task = asyncio.create_task(deliveries.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
