"""The feed of a process: one reader for all who follow it. Source: docs/feed.md, rules 11 and 12.

The reader keeps the newest changes in memory, once for all. Whoever is behind
what is kept reads pages from the graph by itself, until it has caught up; so a
slow follower costs nobody anything, and misses nothing.
"""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine
from typing import Any

import structlog

from graphcdp.model.changes import ChangeKind, Sequenced
from graphcdp.model.errors import CursorExpiredError, DatabaseError
from graphcdp.store import Store

INTERVAL_MIN_S = 0.02
INTERVAL_MAX_S = 0.5
PAUSE_S = 0.005
"""After being woken: what is written at almost the same moment is read together."""
BATCH_MAX = 1000
KEPT_MAX = 5000
CATCHING_UP_MAX = 8
RETRY_MAX_S = 5.0
LEAVE_S = 1.0
"""How long the last reading may take when nobody follows any more."""

log = structlog.get_logger("graphcdp.feed")


class Feed:
    """Follows the feed for a process. Nothing is read, and no task is left, when nobody follows.

    read: changes after a number, at most so many, as `graphcdp.read.feed.read_changes`.
    newest: the newest number. interval_min_s, interval_max_s: between two readings while
    changes come, and at most. store: the writes of which end the waiting, see `wake`.
    kept_max: changes in memory. batch_max: changes given at once, and read at once.
    """

    def __init__(
        self,
        read: Callable[[int, int], Coroutine[Any, Any, list[Sequenced]]],
        newest: Callable[[], Coroutine[Any, Any, int]],
        *,
        store: Store | None = None,
        interval_min_s: float = INTERVAL_MIN_S,
        interval_max_s: float = INTERVAL_MAX_S,
        kept_max: int = KEPT_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._read_after = read
        self._newest = newest
        self._store = store
        self._interval_min_s = interval_min_s
        self._interval_max_s = interval_max_s
        self._kept_max = kept_max
        self._batch_max = batch_max
        self._kept: list[Sequenced] = []
        self._read_to: int | None = None
        self._changed = asyncio.Event()
        self._woken = asyncio.Event()
        self._catching_up = asyncio.Semaphore(CATCHING_UP_MAX)
        self._reader: asyncio.Task[None] | None = None
        self._readings: set[asyncio.Future[list[Sequenced]]] = set()
        self.followers = 0

    def wake(self) -> None:
        """Read now: this process wrote something."""
        self._woken.set()

    async def newest(self) -> int:
        """The number of the newest change now, 0 before any."""
        return await self._newest()

    def behind(self, last: int) -> int:
        """How many changes are known to be newer than this number, while somebody follows."""
        return max(0, (self._read_to or 0) - last)

    async def follow(self, after: int | None = None) -> AsyncGenerator[list[Sequenced], None]:
        """All changes after a number, in order, without gaps, as they come; close it when done.

        after: None for those from now on. Each list has 1..batch_max changes.
        The end never comes by itself. Raises CursorExpiredError when changes behind `after` were
        dropped, at the start or when a follower stays away for longer than changes are kept; DatabaseError
        only at the start: later the database is asked again until it answers.
        """
        last = await self.newest() if after is None else after
        self._enter()
        try:
            while True:
                changed = self._changed
                batch = self._from_memory(last)
                if batch is None:
                    batch = await self._from_graph(last)
                if batch:
                    last = batch[-1].seq
                    yield batch
                else:
                    await changed.wait()
        finally:
            await self._leave()

    def _from_memory(self, last: int) -> list[Sequenced] | None:
        """The next changes, none when there is nothing newer; None when they are not in memory."""
        if self._read_to is not None and last >= self._read_to:
            return []
        if not self._kept or self._kept[0].seq > last + 1:
            return None
        start = last + 1 - self._kept[0].seq
        return self._kept[start : start + self._batch_max]

    async def _from_graph(self, last: int) -> list[Sequenced]:
        wait_s = self._interval_min_s
        while True:
            try:
                # Many who come back at the same moment must not take all connections.
                async with self._catching_up:
                    return await self._to_its_end(self._read_after(last, self._batch_max))
            except DatabaseError as error:
                log.warning("the feed cannot be read", after=last, reason=str(error))
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_MAX_S)

    async def _keep_reading(self) -> None:
        interval_s = self._interval_min_s
        while self._is_wanted():
            self._woken.clear()
            try:
                if self._read_to is None:
                    newest = await self._newest()
                    if not self._is_wanted():
                        return
                    self._read_to = newest
                    self._tell()
                batch = await self._read_after(self._read_to, self._batch_max)
                if not self._is_wanted():
                    return
            except CursorExpiredError:
                if self._is_wanted():
                    # The process slept for longer than changes are kept: each follower finds out where it stands.
                    self._kept, self._read_to = [], None
                continue
            except Exception as error:  # noqa: BLE001  # nobody else would go on for the followers
                log.warning("the feed cannot be read", after=self._read_to, reason=str(error))
                await self._pause(interval_s)
                interval_s = min(interval_s * 2, RETRY_MAX_S)
                continue
            if batch:
                self._keep(batch)
                interval_s = self._interval_min_s
                if len(batch) == self._batch_max:
                    continue
            else:
                interval_s = min(interval_s * 1.5, self._interval_max_s)
            await self._pause(interval_s)

    async def _pause(self, interval_s: float) -> None:
        try:
            async with asyncio.timeout(interval_s):
                await self._woken.wait()
            await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            pass

    def _keep(self, batch: list[Sequenced]) -> None:
        if any(one.change.kind is ChangeKind.ERASED for one in batch):
            # What was told of the customer before may stay nowhere: from the graph it comes without.
            self._kept, self._read_to = [], batch[-1].seq
            self._tell()
            return
        self._kept += batch
        if len(self._kept) > self._kept_max:
            del self._kept[: -self._kept_max // 2]
        self._read_to = batch[-1].seq
        self._tell()

    def _tell(self) -> None:
        """Wake all who wait; whoever waits next waits for the next time."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _enter(self) -> None:
        self.followers += 1
        if self._reader is None:
            # In a context of its own: it outlives the operation that came first.
            self._reader = asyncio.create_task(self._keep_reading(), context=contextvars.Context())
            if self._store is not None:
                self._store.wake(self.wake)

    async def _leave(self) -> None:
        self.followers -= 1
        if self.followers or self._reader is None:
            return
        if self._store is not None:
            self._store.unwake(self.wake)
        reader, self._reader = self._reader, None
        self._kept, self._read_to = [], None
        # Not cancelled: the driver gives up a connection on which a read was cut off. It sees that it is not wanted.
        self._woken.set()
        await ended((reader, *self._readings), LEAVE_S)

    def _is_wanted(self) -> bool:
        """Whether the running reader is still the one; another may have begun since."""
        return self._reader is asyncio.current_task()

    async def _to_its_end(self, reading: Coroutine[Any, Any, list[Sequenced]]) -> list[Sequenced]:
        """What is read; when nobody waits for it any more it is read all the same, as in `_leave`."""
        task = asyncio.ensure_future(reading)
        self._readings.add(task)
        task.add_done_callback(self._readings.discard)
        return await asyncio.shield(task)


async def ended(tasks: Collection["asyncio.Future[Any]"], within_s: float) -> None:
    """Wait until these are over; those that take longer are cancelled."""
    if not tasks:
        return
    _, left = await asyncio.wait(tasks, timeout=within_s)
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
