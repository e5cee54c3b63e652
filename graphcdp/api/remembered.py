"""Answers about one customer, kept in memory until that customer changes. Source: docs/http.md, rule 19.

An answer is forgotten before a write of this process that touches its customer
is acknowledged, and after a stated time in any case, which bounds how late
writes of other processes show. An answer that was read while such a write was
under way is never kept.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass

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
