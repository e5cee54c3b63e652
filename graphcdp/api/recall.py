"""Requests that come word for word again: answered from memory before anything in them is looked at.

What is kept is the answer as it went out, compressed or not, for as long as the answer is remembered of which
it was made. Who asks is worked out each time. Source: docs/http.md, rule 19.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphcdp.api.headers import headers_of
from graphcdp.api.principals import Doorkeeper
from graphcdp.api.refusals import RefusedError
from graphcdp.api.remembered import Mark, Remembered, what_decides
from graphcdp.model.errors import DatabaseError
from graphcdp.model.principals import Principal

BODY_BYTES_MAX = 16 * 1024
"""A larger request is not kept."""
DECIDING = (b"accept", b"accept-encoding", b"content-encoding", b"content-type")
"""Headers that decide how an operation is read and answered, apart from who asks."""

_MARK = "graphcdp.mark"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it went out with status 200."""

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


def is_awaited(scope: Scope) -> bool:
    """Whether it is asked of which remembered answer the one to this request is made."""
    return _MARK in scope


def mark(scope: Scope, made_of: Mark | None) -> None:
    """Tell of which it is, if of one."""
    scope[_MARK] = made_of


class Recall:
    """ASGI middleware for POST to one path; `spared` is a header with which a request is for others to answer."""

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        spared: bytes,
        remembered: Remembered,
        doorkeeper: Doorkeeper,
        timeout_s: float,
    ) -> None:
        """timeout_s: in which a request must have come in."""
        self._app = app
        self._path = path
        self._spared = spared
        self._remembered = remembered
        self._doorkeeper = doorkeeper
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or scope["path"] != self._path
            or scope["query_string"]
            or self._spared in headers_of(scope)
        ):
            await self._app(scope, receive, send)
            return
        try:
            # First of all, as for every request: nobody unknown makes the server read.
            principal = await self._doorkeeper.principal_of(scope)
        except (RefusedError, DatabaseError):
            # Told where all refusals are.
            await self._app(scope, receive, send)
            return
        begun = _Begun(receive)
        body = await begun.whole(self._timeout_s)
        if body is None or len(body) > BODY_BYTES_MAX:
            await self._app(scope, begun.receive, send)
            return
        call = _call(body, scope, principal)
        reply = self._remembered.get(call)
        if reply is None:
            await self._answer(call, len(body), scope, begun.receive, send)
            return
        structlog.contextvars.bind_contextvars(principal=principal.name)
        # A list of its own: whoever sends it on adds to it.
        await send({"type": "http.response.start", "status": 200, "headers": [*reply.headers]})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, call: Hashable, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Have it answered, and keep the answer when it was made of a remembered one. size: bytes of the request."""
        headers: Sequence[tuple[bytes, bytes]] = ()
        body: bytes | None = None

        async def send_on(message: Message) -> None:
            nonlocal headers, body
            if message["type"] == "http.response.start":
                headers = tuple(message["headers"])
            else:
                body = None if message.get("more_body") else message["body"]
            await send(message)

        scope[_MARK] = None
        await self._app(scope, receive, send_on)
        made_of: Mark | None = scope[_MARK]
        if made_of is not None and body is not None:
            self._remembered.put_beside(made_of, call, Reply(headers, body), size + len(body))


class _Begun:
    """What was received of a request, for whoever receives it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._message: Message | None = None
        self._is_late = False

    async def whole(self, seconds: float) -> bytes | None:
        """The body, when it is in the first message, which is awaited for so long."""
        try:
            async with asyncio.timeout(seconds):
                self._message = await self._receive()
        except TimeoutError:
            self._is_late = True
            return None
        if self._message["type"] != "http.request" or self._message.get("more_body"):
            return None
        body: bytes = self._message["body"]
        return body

    async def receive(self) -> Message:
        """The message that came first, once; then the others. Raises TimeoutError when it was late."""
        if self._is_late:
            raise TimeoutError
        if self._message is None:
            return await self._receive()
        message, self._message = self._message, None
        return message


def _call(body: bytes, scope: Scope, principal: Principal) -> tuple[Hashable, ...]:
    """All that decides an answer apart from the graph."""
    found = headers_of(scope)
    return (
        body,
        *[found.get(name) for name in DECIDING],
        *what_decides(principal),
    )
