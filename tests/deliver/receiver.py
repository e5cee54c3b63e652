"""A real HTTP receiver on this machine that takes, refuses, hangs, breaks off or sends elsewhere, as told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

Json = dict[str, Any]

TAKE = b"HTTP/1.1 204 No Content\r\n\r\n"
FAIL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
DROP = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"
LATER = b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
HANG = b""


def elsewhere(url: str) -> bytes:
    """A redirect."""
    return f"HTTP/1.1 307 Elsewhere\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


@dataclass(slots=True)
class Got:
    """A request: what it was told, and with which headers."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> Json:
        found: Json = json.loads(self.body)["data"]
        return found

    def check(self, secret: str) -> Json:
        """The body, when the signature is right; raises otherwise."""
        found: Json = Webhook(secret).verify(self.body, self.headers)
        return found


@dataclass(slots=True)
class Receiver:
    """answer: what a request is answered; changed at any time. got: all requests. taken: those that were taken."""

    port: int = 0
    answer: Callable[[Got], bytes] = lambda got: TAKE
    got: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def sequences(self) -> list[int]:
        """Numbers of the changes that were taken, in the order of their coming."""
        return [one.data["sequence"] for one in self.taken]

    async def until(self, done: Callable[[], bool], timeout_s: float = 30) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(timeout_s):
            while not done():
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                got = Got(first.split(" ")[1], headers, body)
                self.got.append(got)
                answer = self.answer(got)
                if answer == TAKE:
                    self.taken.append(got)
                self.changed.set()
                if answer == HANG:
                    await reader.read()
                    break
                writer.write(answer)
                await writer.drain()
                if answer == DROP:
                    break
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
