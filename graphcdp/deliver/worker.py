"""Delivers to one webhook while the lease is this process's. Source: docs/webhooks.md, rules 7 to 13.

Changes come from the feed and are told one by one, several customers at a time.
What is over is kept together with the cursor. What fails, and what waits behind
it, is kept as pending, so that the cursor goes on. A change that fails
is read from the feed again before the next try, since an erasure may have taken
what it held; so nothing personal lies about here or in the log.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import random
from typing import Any

import structlog

from graphcdp.deliver.backoff import DELIVERY, ENDPOINT, Backoff
from graphcdp.deliver.destination import Outgoing
from graphcdp.deliver.lanes import Waiting, cursor_of, next_due, ready
from graphcdp.model.change_filter import customers_of
from graphcdp.model.changes import ChangeKind, Sequenced
from graphcdp.model.errors import CursorExpiredError, DeliveryError
from graphcdp.model.ids import Tag, tagged
from graphcdp.record.clock import utc_now
from graphcdp.record.delivering import Claimed, DeliveryOutcome, Kept, keep, release, renew
from graphcdp.store import Store

LEASE = timedelta(seconds=30)
AT_ONCE_MAX = 8
WAITING_MAX = 1000
FAILURES_ALONE = 5
"""So many failures in a row, and it is the endpoint: it is asked one at a time, with pauses."""
FAILURE_LENGTH_MAX = 300
CURSOR_S = 5.0
GRACE_S = 5.0

log = structlog.get_logger("graphcdp.webhooks")

Post = Callable[[Outgoing], Awaitable[int]]
Follow = Callable[[int], AsyncGenerator[list[Sequenced], None]]
ReadAfter = Callable[[int, int], Awaitable[list[Sequenced]]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a worker works with.

    holder: names this process. follow: changes after a number, as `Feed.follow`. read: as `read_changes`.
    disable_s: how long a webhook may fail without a success. chance: 0..1, for the jitter.
    """

    store: Store
    holder: str
    follow: Follow
    read: ReadAfter
    disable_s: float = 5 * 86_400.0
    lease: timedelta = LEASE
    backoff: Backoff = DELIVERY
    endpoint_backoff: Backoff = ENDPOINT
    at_once_max: int = AT_ONCE_MAX
    clock: Callable[[], datetime] = utc_now
    chance: Callable[[], float] = random
    grace_s: float = GRACE_S


@dataclass(slots=True)
class _Tried:
    """How a try ended. duration: in milliseconds; None when it was not made. over: it makes no sense to try again."""

    code: int | None = None
    duration: float | None = None
    failure: str | None = None
    asked_s: float | None = None
    gone: bool = False
    over: bool = False


@dataclass(slots=True)
class _Standing:
    """Where the webhook stands, changed as tries end. paused: nothing is sent before; None: at once."""

    failures: int
    failing_since: datetime | None
    paused: datetime | None = None
    reason: str | None = None
    outcomes: list[DeliveryOutcome] = field(default_factory=list)


class WebhookWorker:
    """One webhook's deliveries; `run` ends when the lease is lost, the webhook was edited or disabled."""

    def __init__(self, around: Surroundings, claimed: Claimed, post: Post) -> None:
        self._around = around
        self._claimed = claimed
        self._post = post
        self._waiting: dict[int, Waiting] = {
            row.seq: Waiting(
                row.seq, row.kind, row.customers, row.created, attempts=row.attempts, next=row.next, stored=True
            )
            for row in claimed.pending
        }
        self._sending: dict[int, asyncio.Task[_Tried]] = {}
        self._keeping: asyncio.Task[bool] | None = None
        self._standing = _Standing(claimed.failures, claimed.failing_since)
        self._read_to = self._kept_to = claimed.cursor
        self._kept_s = time.monotonic()
        self._leased_s = self._kept_s + around.lease.total_seconds()
        self.version = claimed.version

    async def run(self) -> None:
        """Deliver. When cancelled, what is under way is finished, for a moment, and kept; then others may deliver."""
        renewing = asyncio.create_task(self._keep_lease())
        try:
            async with aclosing(self._around.follow(self._read_to)) as feed:
                await self._deliver(feed, renewing)
        finally:
            renewing.cancel()
            await self._stop()

    async def _deliver(self, feed: AsyncGenerator[list[Sequenced], None], renewing: asyncio.Task[None]) -> None:
        coming: asyncio.Task[list[Sequenced]] | None = None
        try:
            while not renewing.done():
                self._begin()
                if coming is None and self._claimed.complete and len(self._waiting) < WAITING_MAX:
                    coming = asyncio.create_task(_next(feed))
                under_way: set[asyncio.Task[Any]] = {renewing, *self._sending.values()}
                under_way.update(one for one in (coming, self._keeping) if one is not None)
                await asyncio.wait(under_way, timeout=self._idle_s(), return_when=asyncio.FIRST_COMPLETED)
                if coming is not None and coming.done():
                    try:
                        self._take(coming.result())
                    except CursorExpiredError as error:
                        self._standing.reason = str(error)
                    coming = None
                self._end()
                if self._keeping is not None and self._keeping.done():
                    over, self._keeping = not self._keeping.result(), None
                    if over:
                        return
                if self._keeping is None and self._worth_keeping():
                    # Beside the sending, which need not wait for it.
                    self._keeping = asyncio.create_task(self._keep())
                if not self._claimed.complete and not self._waiting and self._keeping is None:
                    return
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.wait((coming,))

    def _take(self, batch: list[Sequenced]) -> None:
        """Changes of the feed that are wanted join those that wait."""
        now = self._around.clock()
        for told in batch:
            change = told.change
            # Copies of what was erased must go, whatever else somebody wants to know.
            if change.kind is not ChangeKind.ERASED and not self._claimed.filter.passes(change):
                continue
            if told.seq not in self._waiting:
                self._waiting[told.seq] = Waiting(told.seq, change.kind.value, customers_of(change), now, told=told)
        # Read anew from the cursor, changes can come that were kept as waiting before: numbers stay in order.
        self._waiting = dict(sorted(self._waiting.items()))
        self._read_to = max(self._read_to, batch[-1].seq)

    def _begin(self) -> None:
        """Start what can be told now."""
        standing, now = self._standing, self._around.clock()
        if time.monotonic() > self._leased_s or standing.reason is not None:
            return
        if standing.paused is not None and standing.paused > now:
            return
        limit = 1 if standing.failures >= FAILURES_ALONE else self._around.at_once_max
        for one in ready(self._waiting.values(), self._sending, now, limit - len(self._sending)):
            self._sending[one.seq] = asyncio.create_task(self._try(one))

    def _idle_s(self) -> float:
        """How long there is nothing to do, unless something comes."""
        now, due = self._around.clock(), next_due(self._waiting.values(), self._sending)
        moments = [moment for moment in (due, self._standing.paused) if moment is not None and moment > now]
        waits = [(moment - now).total_seconds() for moment in moments]
        return max(0.001, min(waits, default=CURSOR_S))

    async def _try(self, one: Waiting) -> _Tried:
        try:
            told = one.told or next(iter(await self._around.read(one.seq - 1, 1)), None)
        except CursorExpiredError:
            told = None
        if told is None:
            return _Tried(failure="the feed no longer keeps the change", over=True)
        started_s = time.monotonic()
        try:
            code = await self._post(Outgoing(delivery_id(self._claimed.id, one.seq), told))
            return _Tried(code, _since_ms(started_s))
        except DeliveryError as error:
            return _Tried(
                error.status,
                _since_ms(started_s),
                str(error)[:FAILURE_LENGTH_MAX],
                asked_s=error.retry_after_s,
                gone=error.gone,
            )

    def _end(self) -> None:
        """Decide what becomes of what was tried."""
        for seq, task in list(self._sending.items()):
            if task.done():
                del self._sending[seq]
                self._decide(self._waiting[seq], task.result())

    def _decide(self, one: Waiting, tried: _Tried) -> None:
        standing, now = self._standing, self._around.clock()
        if tried.duration is not None:
            one.attempts += 1
        # From now on it is read from the feed, as it stands there then.
        one.told = None
        if tried.failure is None:
            if standing.failures >= FAILURES_ALONE:
                for other in self._waiting.values():
                    other.next = None
            standing.failures, standing.failing_since, standing.paused = 0, None, None
            self._over(one, "DELIVERED", tried, now)
            return
        if not tried.over:
            self._note_failure(tried, now)
        if tried.over or one.attempts >= self._around.backoff.tries_max:
            log.warning("delivery given up", webhook=self._claimed.id, change=one.seq, reason=tried.failure)
            self._over(one, "DEAD", tried, now)
            return
        wait_s = self._around.backoff.wait_s(one.attempts, self._around.chance(), tried.asked_s)
        one.next, one.stored = now + timedelta(seconds=wait_s), True
        standing.outcomes.append(self._outcome(one, "PENDING", tried, now))

    def _note_failure(self, tried: _Tried, now: datetime) -> None:
        """What a failure says of the endpoint as a whole."""
        standing = self._standing
        standing.failures += 1
        standing.failing_since = standing.failing_since or now
        if standing.failures >= FAILURES_ALONE:
            in_row = standing.failures - FAILURES_ALONE + 1
            wait_s = self._around.endpoint_backoff.wait_s(in_row, self._around.chance(), tried.asked_s)
            standing.paused = now + timedelta(seconds=wait_s)
        if tried.gone:
            standing.reason = "The endpoint answered 410 Gone: it wants no more."
        elif (now - standing.failing_since).total_seconds() >= self._around.disable_s:
            since = f"{standing.failing_since:%Y-%m-%d %H:%M} UTC"
            standing.reason = f"Nothing was taken since {since}; the last failure: {tried.failure}."

    def _over(self, one: Waiting, status: str, tried: _Tried, now: datetime) -> None:
        del self._waiting[one.seq]
        one.next = None
        self._standing.outcomes.append(self._outcome(one, status, tried, now))

    def _outcome(
        self, one: Waiting, status: str, tried: _Tried | None = None, now: datetime | None = None
    ) -> DeliveryOutcome:
        tried = tried or _Tried()
        return DeliveryOutcome(
            delivery_id(self._claimed.id, one.seq),
            one.seq,
            one.kind,
            one.customers,
            status,
            one.attempts,
            one.created,
            next=one.next,
            tried=now,
            code=tried.code,
            duration=tried.duration,
            failure=tried.failure,
        )

    def _worth_keeping(self) -> bool:
        if self._standing.outcomes or self._standing.reason is not None:
            return True
        # What waits for long is to be known to the graph, and no longer to lie here.
        behind = self._read_to > self._kept_to or any(not one.stored for one in self._waiting.values())
        return behind and time.monotonic() - self._kept_s >= CURSOR_S

    async def _keep(self) -> bool:
        """Keep what happened; False when this worker is to end."""
        standing = self._standing
        told, standing.outcomes = standing.outcomes, []
        reason = standing.reason
        for one in self._waiting.values():
            # What stood here at the last writing already holds the cursor up: let it go on.
            if one.seen and not one.stored:
                one.stored, one.told = True, None
                told.append(self._outcome(one, "PENDING"))
            one.seen = True
        cursor = cursor_of(self._waiting.values(), self._read_to)
        properties: dict[str, Any] = {
            "cursor": cursor,
            "failures": standing.failures or None,
            "failingSince": standing.failing_since,
        }
        if reason is not None:
            properties |= {"enabled": False, "reason": reason}
            log.warning("webhook disabled", webhook=self._claimed.id, reason=reason)
        around = self._around
        kept = await keep(
            around.store, self._claimed.id, around.holder, self.version, outcomes=told, properties=properties
        )
        self._kept_to, self._kept_s = cursor, time.monotonic()
        return kept is Kept.KEPT and reason is None

    async def _keep_lease(self) -> None:
        """Hold the lease; ends when it is lost."""
        lease_s = self._around.lease.total_seconds()
        while True:
            await asyncio.sleep(lease_s / 3)
            started_s = time.monotonic()
            try:
                now = self._around.clock()
                if not await renew(self._around.store, self._claimed.id, self._around.holder, now, self._around.lease):
                    return
                self._leased_s = started_s + lease_s
            except Exception as error:  # noqa: BLE001  # it is tried again; without a lease nothing is sent
                log.warning("lease not renewed", webhook=self._claimed.id, reason=str(error))

    async def _stop(self) -> None:
        """Finish what is under way, keep it, and let others deliver."""
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=self._around.grace_s)
            for task in self._sending.values():
                task.cancel()
            await asyncio.wait(self._sending.values())
        for seq in [seq for seq, task in self._sending.items() if task.cancelled() or task.exception() is not None]:
            del self._sending[seq]
        self._end()
        try:
            if self._keeping is not None:
                await self._keeping
            if self._standing.outcomes:
                await self._keep()
            await release(self._around.store, self._claimed.id, self._around.holder)
        except Exception as error:  # noqa: BLE001  # told again, then, by whoever comes when the lease is over
            log.warning("not kept at the end", webhook=self._claimed.id, reason=str(error))


def delivery_id(webhook_id: str, seq: int) -> str:
    """The id of a change at a webhook: dlv_<webhook>_<number>; the same for each try, after a crash, in a replay."""
    return tagged(Tag.DELIVERY, f"{webhook_id.partition('_')[2]}_{seq}")


def _since_ms(started_s: float) -> float:
    return round((time.monotonic() - started_s) * 1000, 1)


async def _next(feed: AsyncGenerator[list[Sequenced], None]) -> list[Sequenced]:
    return await anext(feed)
