"""Group commit: what arrives while a batch is written goes together into the next one.

Who comes alone waits for nobody; under load the batches grow, and each message
costs less. When many wait, a few batches are written at the same time, of items
that share no name with those under way: so that items with a common name
are written in the order in which they came, and the writers of a process do not
lock each other out. What waits is bounded: above it callers are turned away at
once, which costs nothing, instead of later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from graphcdp.model.errors import OverloadedError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

RETRY_AFTER_S = 1
BATCHES_MAX = 3
"""Batches that are written at the same time."""
BESIDE_SHARE = 5
"""A batch that is begun beside another one has at least one in so many of the largest: fewer had better wait."""

Write = Callable[[list[Item], Callable[[], None]], Awaitable[list[Outcome]]]


@dataclass(slots=True)
class _Part(Generic[Outcome]):
    """Where one caller waits, and what is known already. left: how many outcomes are not."""

    done: "asyncio.Future[list[Outcome]]"
    outcomes: dict[int, Outcome]
    left: int

    def add(self, place: int, outcome: Outcome) -> None:
        self.outcomes[place] = outcome
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result([self.outcomes[place] for place in range(len(self.outcomes))])

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Entry(NamedTuple, Generic[Item, Outcome]):
    """An item that waits: place in its part."""

    item: Item
    names: frozenset[str]
    part: _Part[Outcome]
    place: int


@dataclass(eq=False, slots=True)
class _Batch(Generic[Item, Outcome]):
    """A batch under way. has_passed: another one may be begun beside it."""

    entries: list[_Entry[Item, Outcome]]
    has_passed: bool = False
    task: "asyncio.Task[None] | None" = None


class Gathering(Generic[Item, Outcome]):
    """Batches for `write(items, passed)`, which answers an outcome for each item, in their order.

    `write` calls `passed`, once or more, when another batch may be begun beside its own:
    when it has taken all locks for which it may have to wait. For one event loop.
    """

    def __init__(
        self,
        write: Write[Item, Outcome],
        *,
        batch_max: int,
        waiting_max: int,
        names_of: Callable[[Item], frozenset[str]] = lambda item: frozenset(),
    ) -> None:
        """batch_max: items in one batch. waiting_max: items that may wait for a later one.

        names_of: what an item may share with others that must not be written at the same time.
        """
        self._write = write
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._names_of = names_of
        self._beside_min = max(1, batch_max // BESIDE_SHARE)
        self._parts: list[list[_Entry[Item, Outcome]]] = []
        self._waiting = 0
        self._tried_at = 0
        self._is_called = False
        self._under_way: list[_Batch[Item, Outcome]] = []

    @property
    def is_full(self) -> bool:
        """Whether another caller would be turned away."""
        return self._waiting >= self._waiting_max

    def put(self, items: Sequence[Item]) -> "asyncio.Future[list[Outcome]]":
        """Take these items, at most a batch of them; their outcomes come when they are written.

        They are written whether or not the caller goes on waiting. Raises
        OverloadedError, before anything is kept, when too many wait already; the
        future raises whatever `write` raises for a batch that some of them were in.
        """
        if self._waiting and self._waiting + len(items) > self._waiting_max:
            raise overloaded()
        part: _Part[Outcome] = _Part(asyncio.get_running_loop().create_future(), {}, len(items))
        if not items:
            part.done.set_result([])
            return part.done
        self._parts.append([_Entry(item, self._names_of(item), part, place) for place, item in enumerate(items)])
        self._waiting += len(items)
        if not self._is_called:
            # What comes in the same turn of the event loop goes together.
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._begin, context=Context())
        return part.done

    async def settle(self) -> None:
        """Return when all that was put is written, or has failed."""
        while self._parts or self._under_way:
            tasks = [batch.task for batch in self._under_way if batch.task is not None]
            await (asyncio.wait(tasks) if tasks else asyncio.sleep(0))

    def _begin(self) -> None:
        """Begin the next batch, when there is one that may be begun."""
        self._is_called = False
        beside = bool(self._under_way)
        if not self._parts or (beside and not self._has_room_beside()):
            return
        held = chain.from_iterable(entry.names for batch in self._under_way for entry in batch.entries)
        entries, parts = self._next_entries(set(held))
        if beside and len(entries) < self._beside_min:
            # Not looked for again with each one that comes.
            self._tried_at = self._waiting
            return
        self._tried_at = 0
        self._parts = parts
        self._waiting -= len(entries)
        batch = _Batch(entries)
        self._under_way.append(batch)
        # Not in the context of whoever came first: the batch is everybody's.
        batch.task = asyncio.get_running_loop().create_task(self._write_one(batch), context=Context())

    def _has_room_beside(self) -> bool:
        return (
            len(self._under_way) < BATCHES_MAX
            and self._under_way[-1].has_passed
            and self._waiting >= self._tried_at + self._beside_min
        )

    def _next_entries(self, avoided: set[str]) -> tuple[list[_Entry[Item, Outcome]], list[list[_Entry[Item, Outcome]]]]:
        """Entries for a batch, in the order in which they came, as many as fit; and the parts that are left.

        avoided: names of which nothing may be taken; those of whoever is left are added.
        Parts are divided for the sake of names alone.
        """
        chosen: list[_Entry[Item, Outcome]] = []
        left: list[list[_Entry[Item, Outcome]]] = []
        for number, part in enumerate(self._parts):
            if chosen and len(chosen) + len(part) > self._batch_max:
                return chosen, left + self._parts[number:]
            stay = []
            for entry in part:
                if avoided.isdisjoint(entry.names):
                    chosen.append(entry)
                else:
                    avoided |= entry.names
                    stay.append(entry)
            if stay:
                left.append(stay)
        return chosen, left

    async def _write_one(self, batch: _Batch[Item, Outcome]) -> None:
        def passed() -> None:
            if not batch.has_passed:
                batch.has_passed = True
                self._tried_at = 0
                self._begin()

        try:
            outcomes = await self._write([entry.item for entry in batch.entries], passed)
        except BaseException as error:
            for entry in batch.entries:
                entry.part.fail(_of(error))
            if not isinstance(error, Exception):
                raise
        else:
            for entry, outcome in zip(batch.entries, outcomes, strict=True):
                entry.part.add(entry.place, outcome)
        finally:
            self._under_way.remove(batch)
        self._tried_at = 0
        self._begin()


def overloaded() -> OverloadedError:
    """What callers are told who are turned away."""
    message = "More messages arrive than can be stored: send these again, with the same ids, in a moment."
    return OverloadedError(message, RETRY_AFTER_S)


def _of(error: BaseException) -> BaseException:
    if isinstance(error, asyncio.CancelledError):
        # Whoever waits is not cancelled, but the task that writes.
        return OverloadedError("The server is stopping: send the message again in a moment.", RETRY_AFTER_S)
    return error
