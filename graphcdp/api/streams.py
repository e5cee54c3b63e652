"""GraphQL as server-sent events: graphql-sse, distinct connections mode. Source: docs/http.md, rules 14 and 18.

Each answer is an event `next`; `complete` comes last. A stream that ends without
it was cut off, and can be asked for again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graphcdp.api.answering import Asked, Platform, follow
from graphcdp.api.answers import AnswerTooLargeError, failure_of, to_bytes
from graphcdp.api.failures import told
from graphcdp.api.live import Connections, Ending
from graphcdp.api.negotiation import EVENTS
from graphcdp.api.principals import Doorkeeper

log = structlog.get_logger("graphcdp.streams")

PING_S = 12.0
SEND_S = 30.0

_PING = b":\n\n"
_HEADERS = {
    "Content-Type": f"{EVENTS}; charset=utf-8",
    "Cache-Control": "no-store",
    "Vary": "Accept",
    # Proxies of the nginx family hold answers back otherwise.
    "X-Accel-Buffering": "no",
}


def one_event(answer: dict[str, Any]) -> Response:
    """The answer to a query or a mutation, as a stream that is over."""
    return Response(_PING + next_event(answer) + complete_event(), headers=_HEADERS)


class Outlet:
    """Where the events of one open stream go."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sending = asyncio.Lock()

    async def send(self, event: bytes) -> None:
        """Send an event. Raises OSError when nobody is there, TimeoutError when it is not taken."""
        # An event and a ping must not mix, and a slow reader gets one at a time.
        async with asyncio.timeout(SEND_S), self._sending:
            await self._send({"type": "http.response.body", "body": event, "more_body": True})

    async def keep_open(
        self, receive: Receive, ending: Ending, goes_on: Callable[[], Awaitable[bool]], *tasks: "asyncio.Task[None]"
    ) -> None:
        """Ping until the stream is told to end, its reader is gone, a task is over, or it may not go on.

        Raises as `send` does.
        """
        gone = asyncio.create_task(_until_gone(receive))
        try:
            # Some browsers take a stream for open only when something came.
            await self.send(_PING)
            while not await ending.wait(gone, *tasks, timeout_s=PING_S):
                if not await goes_on():
                    return
                await self.send(_PING)
        finally:
            for task in (gone, *tasks):
                task.cancel()
            await asyncio.gather(gone, *tasks, return_exceptions=True)


class OpenStream(Response):
    """A stream of events of which not all are known yet."""

    def __init__(self) -> None:
        super().__init__(headers=_HEADERS)
        # There is no length before the end.
        del self.headers["content-length"]

    async def begin(self, send: Send) -> Outlet:
        """Say that it is open; its events go where this tells."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        return Outlet(send)

    async def end(self, send: Send) -> None:
        """Nothing more comes."""
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream(OpenStream):
    """The answers of a subscription, as they come."""

    def __init__(
        self,
        asked: Asked,
        platform: Platform,
        doorkeeper: Doorkeeper,
        connections: Connections,
    ) -> None:
        super().__init__()
        self._asked = asked
        self._platform = platform
        self._doorkeeper = doorkeeper
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the operation is over, or whoever asked is gone."""
        headers = dict(scope["headers"])
        given = headers.get(b"authorization")
        authorization = None if given is None else given.decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")

        async def goes_on() -> bool:
            return await self._doorkeeper.still_lets_in(self._asked.principal, authorization, host)

        with self._connections.opened(known=True) as ending:
            outlet = await self.begin(send)
            sending = asyncio.create_task(self._send_all(outlet))
            try:
                await outlet.keep_open(receive, ending, goes_on, sending)
            except (OSError, TimeoutError):
                return
            await self.end(send)

    async def _send_all(self, outlet: Outlet) -> None:
        try:
            async with aclosing(follow(self._asked, self._platform)) as found:
                async for answer in found:
                    await outlet.send(next_event(answer))
        except (OSError, TimeoutError):
            return
        except Exception as error:
            log.exception("internal error")
            await outlet.send(next_event(failure_of(*told(error, self._asked.request_id))))
        await outlet.send(complete_event())


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def next_event(answer: dict[str, Any], operation_id: str | None = None) -> bytes:
    """An answer as an event; operation_id: whose it is, on a stream of several operations."""
    try:
        body = to_bytes(_data(answer, operation_id))
    except AnswerTooLargeError as error:
        body = to_bytes(_data({"data": None, **failure_of(str(error), "ANSWER_TOO_LARGE")}, operation_id))
    # JSON as it is written here has no line ends.
    return b"event: next\ndata: " + body + b"\n\n"


def complete_event(operation_id: str | None = None) -> bytes:
    """The event that an operation is over."""
    return (
        b"event: complete\ndata:" + (b"" if operation_id is None else b" " + to_bytes({"id": operation_id})) + b"\n\n"
    )


def _data(answer: dict[str, Any], operation_id: str | None) -> dict[str, Any]:
    return answer if operation_id is None else {"id": operation_id, "payload": answer}
