"""What stays open: sockets and event streams, counted, and ended before the server stops."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from graphcdp.api.refusals import RefusedError

CONNECTIONS_MAX = 2500
"""Sockets and streams together, unless told."""
UNKNOWN_MAX = 100
"""Sockets that have not said yet who they are."""
OPERATIONS_MAX = 10
"""On one connection at once."""
CLOSE_S = 2.0

GOING_AWAY = 1001


class Ending:
    """When one connection is to end, and why: the first reason counts."""

    def __init__(self) -> None:
        self._told: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def tell(self, code: int, reason: str) -> None:
        """End it; code: as a WebSocket is closed."""
        if not self._told.done():
            self._told.set_result((code, reason))

    @property
    def reason(self) -> tuple[int, str] | None:
        """Code and reason; None while it goes on."""
        return self._told.result() if self._told.done() else None

    async def wait(self, *others: "asyncio.Task[None]", timeout_s: float | None) -> bool:
        """Wait for the end, or that of other work; was it before `timeout_s`, if there is one?"""
        awaited: tuple[asyncio.Future[Any], ...] = (self._told, *others)
        done, _ = await asyncio.wait(awaited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)


class Connections:
    """The connections that are open now."""

    def __init__(self, connections_max: int = CONNECTIONS_MAX) -> None:
        """connections_max: how many there may be."""
        self._connections_max = connections_max
        self._open: set[Ending] = set()
        self._unknown: set[Ending] = set()
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._open)

    @contextmanager
    def opened(self, *, known: bool) -> Iterator[Ending]:
        """One more, until the block is left. known: it has said who it is; else `know` it later.

        Raises RefusedError as `check` does.
        """
        self.check(known=known)
        ending = Ending()
        self._open.add(ending)
        self._empty.clear()
        if not known:
            self._unknown.add(ending)
        try:
            yield ending
        finally:
            self._open.discard(ending)
            if not self._open:
                self._empty.set()
            self._unknown.discard(ending)

    def check(self, *, known: bool = True) -> None:
        """Raise RefusedError (503) when there are too many, or the server stops."""
        full = len(self._open) >= self._connections_max
        if self._closing or full or (not known and len(self._unknown) >= UNKNOWN_MAX):
            raise RefusedError(
                503,
                "Too many connections are open: try again in a moment.",
                "UNAVAILABLE",
                headers={"Retry-After": "5"},
            )

    def know(self, ending: Ending) -> None:
        """This one has said who it is."""
        self._unknown.discard(ending)

    async def close(self) -> None:
        """End all, and let in no others; it takes `CLOSE_S` at most."""
        self._closing = True
        for ending in self._open:
            ending.tell(GOING_AWAY, "The server stops.")
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._empty.wait()
