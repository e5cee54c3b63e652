"""Delivers to one configured destination while the lease is this process's. Source: docs/destinations.md, rules 3 to 6.

Batches go in the order of the feed. One that is not taken is read from the feed
again and tried until it is taken: nothing is left out, and nothing passes it.
"""

import asyncio
import time
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import structlog

from graphcdp.deliver.backoff import BATCH, Backoff
from graphcdp.deliver.destination import Destination, Outgoing
from graphcdp.deliver.worker import CURSOR_S, FAILURE_LENGTH_MAX, Surroundings
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.changes import ChangeKind, Sequenced
from graphcdp.model.errors import CursorExpiredError, DeliveryError
from graphcdp.model.ids import Tag, tagged
from graphcdp.record.delivering import Claimed, Kept, keep, release, renew

BATCH_MAX = 1000

log = structlog.get_logger("graphcdp.destinations")


class _MovedError(Exception):
    """Another process delivers, or somebody set the cursor."""


class OutletWorker:
    """One destination's deliveries; `run` ends when the lease is lost or changes are no longer kept."""

    def __init__(
        self,
        around: Surroundings,
        claimed: Claimed,
        destination: Destination,
        filter_: ChangeFilter,
        backoff: Backoff = BATCH,
    ) -> None:
        self._around = around
        self._claimed = claimed
        self._destination = destination
        self._filter = filter_
        self._backoff = backoff
        self._cursor = self._kept_to = claimed.cursor
        self._kept_s = time.monotonic()
        self._opened = False
        self.version = claimed.version

    async def run(self) -> None:
        """Deliver. When cancelled, the batch under way is left: it comes again."""
        renewing = asyncio.create_task(self._keep_lease())
        delivering = asyncio.create_task(self._deliver())
        try:
            await asyncio.wait((renewing, delivering), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (delivering, renewing):
                task.cancel()
            await asyncio.wait((renewing, delivering))
            await self._stop()
        if not delivering.cancelled():
            delivering.result()

    async def _deliver(self) -> None:
        try:
            async with aclosing(self._around.follow(self._cursor)) as feed:
                async for batch in feed:
                    await self._until_taken(batch)
                    if self._cursor > self._kept_to and time.monotonic() - self._kept_s >= CURSOR_S:
                        await self._keep({})
        except _MovedError:
            return
        except CursorExpiredError as error:
            log.error("destination stopped", destination=self._claimed.id, reason=str(error))
            await self._keep({"enabled": False, "reason": str(error)})

    async def _until_taken(self, batch: list[Sequenced]) -> None:
        until, failures = batch[-1].seq, 0
        while self._cursor < until:
            wanted = [one for one in batch if self._wants(one)]
            try:
                if wanted:
                    await self._tell(wanted)
                self._cursor = batch[-1].seq
                if wanted:
                    await self._keep({"failures": None, "failingSince": None})
            except DeliveryError as error:
                failures += 1
                await self._wait(failures, error)
            if self._cursor < until:
                # An erasure may have taken meanwhile what changes held.
                batch = await self._around.read(self._cursor, min(BATCH_MAX, until - self._cursor))

    def _wants(self, one: Sequenced) -> bool:
        return one.change.kind is ChangeKind.ERASED or self._filter.passes(one.change)

    async def _tell(self, wanted: list[Sequenced]) -> None:
        if not self._opened:
            await self._destination.open()
            self._opened = True
        name = self._claimed.id.partition("_")[2]
        try:
            await self._destination.deliver(
                [Outgoing(tagged(Tag.DELIVERY, f"{name}_{one.seq}"), one) for one in wanted]
            )
        except BaseException:
            self._opened = False
            raise

    async def _wait(self, failures: int, error: DeliveryError) -> None:
        wait_s = self._backoff.wait_s(failures, self._around.chance(), error.retry_after_s)
        reason = str(error)[:FAILURE_LENGTH_MAX]
        log.warning("not delivered", destination=self._claimed.id, reason=reason, again_in_s=round(wait_s, 1))
        if failures == 1:
            await self._keep({"failures": failures, "failingSince": self._around.clock()})
        await asyncio.sleep(wait_s)

    async def _keep(self, properties: dict[str, Any]) -> None:
        """Keep how far it has got. Raises _MovedError when somebody moved it, or another process delivers."""
        around, cursor = self._around, self._cursor
        kept = await keep(
            around.store,
            self._claimed.id,
            around.holder,
            self.version,
            outcomes=(),
            properties={"cursor": cursor, **properties},
        )
        self._kept_to, self._kept_s = cursor, time.monotonic()
        if kept is not Kept.KEPT:
            raise _MovedError

    async def _keep_lease(self) -> None:
        """Hold the lease; ends when it is lost, or could not be renewed in time."""
        lease: timedelta = self._around.lease
        until_s = time.monotonic() + lease.total_seconds()
        while time.monotonic() < until_s:
            await asyncio.sleep(lease.total_seconds() / 3)
            started_s = time.monotonic()
            try:
                if not await renew(
                    self._around.store, self._claimed.id, self._around.holder, self._around.clock(), lease
                ):
                    return
                until_s = started_s + lease.total_seconds()
            except Exception as error:  # noqa: BLE001  # it is tried again, while it is ours
                log.warning("lease not renewed", destination=self._claimed.id, reason=str(error))

    async def _stop(self) -> None:
        await self._destination.close()
        try:
            if self._cursor > self._kept_to:
                await self._keep({})
            await release(self._around.store, self._claimed.id, self._around.holder)
        except _MovedError:
            pass
        except Exception as error:  # noqa: BLE001  # told again, then, by whoever comes when the lease is over
            log.warning("not kept at the end", destination=self._claimed.id, reason=str(error))
