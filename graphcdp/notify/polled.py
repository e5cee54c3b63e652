"""Values that are read again and again while somebody follows them: one reader for all followers of a key."""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

INTERVAL_MIN_S = 0.25
INTERVAL_MAX_S = 2.0

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Watch(Generic[Value]):
    """One key's latest value. serial: how many values there were. changed: set when there is another, or the end."""

    value: Value | None = None
    serial: int = 0
    over: bool = False
    failure: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0
    reader: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Wake all who wait; whoever waits next waits for the next time."""
        self.changed.set()
        self.changed = asyncio.Event()


class Polled(Generic[Key, Value]):
    """Reads the value of a key at most every `interval_min_s`, more seldom the longer it stays the same.

    interval_max_s: the longest time between two readings. Nothing is read, and
    no task is left, when nobody follows.
    """

    def __init__(self, *, interval_min_s: float = INTERVAL_MIN_S, interval_max_s: float = INTERVAL_MAX_S) -> None:
        self._interval_min_s = interval_min_s
        self._interval_max_s = interval_max_s
        self._watch_by_key: dict[Key, _Watch[Value]] = {}

    def __len__(self) -> int:
        """How many keys are followed."""
        return len(self._watch_by_key)

    async def follow(
        self,
        key: Key,
        read: Callable[[], Awaitable[Value | None]],
        is_over: Callable[[Value], bool],
    ) -> AsyncGenerator[Value, None]:
        """The value of a key now, and each other one when it changes; close it when done.

        read: the value; None when there is none, which ends it, as does one
        that is over. Of several followers the first one's is called. What it
        raises reaches every follower.
        """
        watch = self._watch_by_key.get(key)
        if watch is None:
            watch = self._watch_by_key[key] = _Watch()
            # In a context of its own: it outlives the operation that came first.
            work = self._read(key, watch, read, is_over)
            watch.reader = asyncio.create_task(work, context=contextvars.Context())
        watch.followers += 1
        seen = 0
        try:
            while True:
                changed = watch.changed
                if watch.serial > seen and watch.value is not None:
                    seen = watch.serial
                    yield watch.value
                elif watch.failure is not None:
                    raise watch.failure
                elif watch.over:
                    return
                else:
                    await changed.wait()
        finally:
            watch.followers -= 1
            if watch.followers == 0:
                await self._leave(key, watch)

    async def _read(
        self,
        key: Key,
        watch: _Watch[Value],
        read: Callable[[], Awaitable[Value | None]],
        is_over: Callable[[Value], bool],
    ) -> None:
        interval_s = self._interval_min_s
        try:
            while not watch.over:
                value = await read()
                if value is not None and value != watch.value:
                    watch.value, watch.serial = value, watch.serial + 1
                    interval_s = self._interval_min_s
                else:
                    interval_s = min(interval_s * 1.5, self._interval_max_s)
                watch.over = value is None or is_over(value)
                watch.tell()
                if not watch.over:
                    await asyncio.sleep(interval_s)
        except Exception as error:  # noqa: BLE001  # it is the followers' to handle
            watch.failure = error
        finally:
            # Whoever comes from now on begins anew.
            if self._watch_by_key.get(key) is watch:
                del self._watch_by_key[key]
            watch.tell()

    async def _leave(self, key: Key, watch: _Watch[Value]) -> None:
        if self._watch_by_key.get(key) is watch:
            del self._watch_by_key[key]
        if watch.reader is not None:
            watch.reader.cancel()
            await asyncio.wait((watch.reader,))
