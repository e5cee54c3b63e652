"""Group commit: what arrives while a batch is written goes together into the next one.

One batch is under way at a time, so that the writers of a process do not lock
each other out. Who comes alone waits for nobody; under load the batches grow,
and each message costs less. What waits is bounded: above it callers are turned
away at once, which costs nothing, instead of later.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from graphcdp.model.errors import OverloadedError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class _Part(Generic[Item, Outcome]):
    """What one caller gave: its items, and where the caller waits for their outcomes."""

    items: Sequence[Item]
    done: "asyncio.Future[list[Outcome]]"


class Gathering(Generic[Item, Outcome]):
    """Batches for `write(items)`, which answers an outcome for each item, in their order. For one event loop."""

    def __init__(
        self, write: Callable[[list[Item]], Awaitable[list[Outcome]]], *, batch_max: int, waiting_max: int
    ) -> None:
        """batch_max: items in one batch. waiting_max: items that may wait for a later one."""
        self._write = write
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._parts: deque[_Part[Item, Outcome]] = deque()
        self._waiting = 0
        self._writing: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether another caller would be turned away."""
        return self._waiting >= self._waiting_max

    def put(self, items: Sequence[Item]) -> "asyncio.Future[list[Outcome]]":
        """Take these items, at most a batch of them; their outcomes come when they are written.

        They are written whether or not the caller goes on waiting. Raises
        OverloadedError, before anything is kept, when too many wait already; the
        future raises whatever `write` raises for the batch that they were in.
        """
        if self._waiting and self._waiting + len(items) > self._waiting_max:
            raise overloaded()
        part: _Part[Item, Outcome] = _Part(items, asyncio.get_running_loop().create_future())
        self._parts.append(part)
        self._waiting += len(items)
        if self._writing is None or self._writing.done():
            # Not in the context of whoever came first: the batch is everybody's.
            self._writing = asyncio.get_running_loop().create_task(self._write_all(), context=Context())
        return part.done

    async def settle(self) -> None:
        """Return when all that was put is written, or has failed."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])

    async def _write_all(self) -> None:
        while self._parts:
            batch = self._next_batch()
            try:
                outcomes = await self._write([item for part in batch for item in part.items])
            except BaseException as error:
                for part in batch:
                    if not part.done.done():
                        part.done.set_exception(_of(error))
                if not isinstance(error, Exception):
                    raise
                continue
            start = 0
            for part in batch:
                if not part.done.done():
                    part.done.set_result(outcomes[start : start + len(part.items)])
                start += len(part.items)

    def _next_batch(self) -> list[_Part[Item, Outcome]]:
        """Whole parts in the order in which they came, as many as fit."""
        batch: list[_Part[Item, Outcome]] = []
        count = 0
        while self._parts and (not batch or count + len(self._parts[0].items) <= self._batch_max):
            part = self._parts.popleft()
            count += len(part.items)
            batch.append(part)
        self._waiting -= count
        return batch


def overloaded() -> OverloadedError:
    """What callers are told who are turned away."""
    message = "More messages arrive than can be stored: send these again, with the same ids, in a moment."
    return OverloadedError(message, RETRY_AFTER_S)


def _of(error: BaseException) -> BaseException:
    if isinstance(error, asyncio.CancelledError):
        # Whoever waits is not cancelled, but the task that writes.
        return OverloadedError("The server is stopping: send the message again in a moment.", RETRY_AFTER_S)
    return error
