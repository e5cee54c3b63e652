"""Answers about one customer, kept in memory until that customer changes. Source: docs/http.md, rule 19.

An answer is forgotten before a write of this process that touches its customer
is acknowledged. What other processes write is forgotten when the feed tells it;
what it does not tell, after a stated time, which bounds how old an answer can be.
An answer that was read while such a write was under way is never kept.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson

from graphcdp.api.operations import Operation
from graphcdp.model.changes import Change, Merged, Split
from graphcdp.model.errors import CursorExpiredError
from graphcdp.model.principals import Principal
from graphcdp.notify.feed import Feed

BYTES_MAX = 128 * 1024 * 1024
ENTRY_BYTES = 1000
"""About what an answer takes besides its text: its name, and where it stands."""
RECENT_MAX = 1000
"""So many of the latest writes are known one by one; a reading that began before these is not kept."""


@dataclass(frozen=True, slots=True)
class _Entry:
    customer: str
    value: Any
    bytes: int
    until_s: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Which remembered answer something is made of, and when that was looked for."""

    customer: str
    until_s: float
    begun: int


class Remembered:
    """Answers of one process. Not for several threads."""

    def __init__(self, ttl_s: float, bytes_max: int = BYTES_MAX, clock_s: Callable[[], float] = time.monotonic) -> None:
        """ttl_s: how long an answer is kept. bytes_max: about how much memory all of them may take."""
        self._ttl_s = ttl_s
        self._bytes_max = bytes_max
        self._clock_s = clock_s
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._names: dict[str, set[Hashable]] = {}
        self._bytes = 0
        self._writes = 0
        self._recent: deque[frozenset[str] | None] = deque(maxlen=RECENT_MAX)

    def get(self, name: Hashable) -> Any:
        """What is kept under this name; None when nothing is, or no longer."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.until_s <= self._clock_s():
            self._drop(name)
            return None
        self._entries.move_to_end(name)
        return entry.value

    def mark_of(self, name: Hashable, value: Any) -> Mark | None:
        """A mark for what is made of this value; None when something else is kept under the name, or nothing."""
        entry = self._entries.get(name)
        if entry is None or entry.value != value:
            return None
        return Mark(entry.customer, entry.until_s, self._writes)

    def begin(self) -> int:
        """A mark for `put`, taken before the answer is read."""
        return self._writes

    def put(self, name: Hashable, customer: str, data: bytes, begun: int) -> None:
        """Keep the data, JSON, of an answer about a customer, unless a write since `begun` may have made it old."""
        self._put(name, _Entry(customer, data, len(data) + ENTRY_BYTES, self._clock_s() + self._ttl_s), begun)

    def put_beside(self, made_of: Mark, name: Hashable, value: Any, size: int) -> None:
        """Keep what was made of an answer for as long as that may be kept. size: about how many bytes it takes."""
        self._put(name, _Entry(made_of.customer, value, size + ENTRY_BYTES, made_of.until_s), made_of.begun)

    def _put(self, name: Hashable, entry: _Entry, begun: int) -> None:
        since = self._writes - begun
        if since > len(self._recent):
            return
        for touched in list(self._recent)[len(self._recent) - since :]:
            if touched is None or entry.customer in touched:
                return
        self._drop(name)
        self._entries[name] = entry
        self._names.setdefault(entry.customer, set()).add(name)
        self._bytes += entry.bytes
        while self._bytes > self._bytes_max:
            self._drop(next(iter(self._entries)))

    def forget(self, customers: Collection[str] | None) -> None:
        """Forget the answers about these customers, since they may have changed; None for all."""
        self._writes += 1
        self._recent.append(None if customers is None else frozenset(customers))
        if customers is None:
            self._entries.clear()
            self._names.clear()
            self._bytes = 0
            return
        for customer in customers:
            for name in list(self._names.get(customer, ())):
                self._drop(name)

    def _drop(self, name: Hashable) -> None:
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        self._bytes -= entry.bytes
        names = self._names[entry.customer]
        names.discard(name)
        if not names:
            del self._names[entry.customer]


def name_of(operation: Operation, principal: Principal) -> Hashable | None:
    """What decides an answer apart from the graph; None for variables that cannot be compared."""
    try:
        values = orjson.dumps(operation.variables or {}, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None
    return (operation.document, operation.name, values, *what_decides(principal))


def what_decides(principal: Principal) -> tuple[Hashable, ...]:
    """What decides an answer of whoever asks."""
    return principal.scopes, principal.sees_personal, principal.subject


async def forget_as_told(remembered: Remembered, feed: Feed) -> None:
    """Forget what the feed tells of, whoever wrote it, until cancelled. Raises DatabaseError when it cannot begin."""
    while True:
        try:
            async with aclosing(feed.follow(None)) as told:
                async for changes in told:
                    remembered.forget({customer for one in changes for customer in _concerned(one.change)})
        except CursorExpiredError:
            # More was told than is kept: whom it concerned is not known any more.
            remembered.forget(None)


def _concerned(change: Change) -> list[str]:
    if isinstance(change, Merged):
        return [change.customer, change.absorbed]
    if isinstance(change, Split):
        return [change.customer, *(part.customer for part in change.parts)]
    return [change.customer]
