"""Answers about one customer, kept in memory until that customer changes. Source: docs/http.md, rule 19.

An answer is forgotten before a write of this process that touches its customer
is acknowledged. What other processes write is forgotten when the feed tells it;
what it does not tell, after a stated time, which bounds how old an answer can be.
An answer that was read while such a write was under way is never kept.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson

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
    data: bytes
    until_s: float


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

    def get(self, name: Hashable) -> bytes | None:
        """The answer's data as JSON; None when it is not known, or no longer."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.until_s <= self._clock_s():
            self._drop(name)
            return None
        self._entries.move_to_end(name)
        return entry.data

    def begin(self) -> int:
        """A mark for `put`, taken before the answer is read."""
        return self._writes

    def put(self, name: Hashable, customer: str, data: bytes, begun: int) -> None:
        """Keep an answer about a customer, unless a write since `begun` may have made it old."""
        since = self._writes - begun
        if since > len(self._recent):
            return
        for touched in list(self._recent)[len(self._recent) - since :]:
            if touched is None or customer in touched:
                return
        self._drop(name)
        self._entries[name] = _Entry(customer, data, self._clock_s() + self._ttl_s)
        self._names.setdefault(customer, set()).add(name)
        self._bytes += len(data) + ENTRY_BYTES
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
        self._bytes -= len(entry.data) + ENTRY_BYTES
        names = self._names[entry.customer]
        names.discard(name)
        if not names:
            del self._names[entry.customer]


def name_of(
    document: str, operation_name: str | None, variables: Mapping[str, Any] | None, principal: Principal
) -> Hashable | None:
    """What decides an answer apart from the graph; None for variables that cannot be compared."""
    try:
        values = orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None
    return document, operation_name, values, principal.scopes, principal.sees_personal, principal.subject


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
