"""GraphQL as server-sent events: graphql-sse, distinct connections mode. Source: docs/http.md, rules 14 and 18.

Each answer is an event `next`; `complete` comes last. A stream that ends without
it was cut off, and can be asked for again.
"""

import asyncio
from contextlib import aclosing
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graphcdp.api.answering import Asked, Platform, follow
from graphcdp.api.answers import AnswerTooLargeError, failure_of, to_bytes
from graphcdp.api.failures import told
from graphcdp.api.live import Connections
from graphcdp.api.negotiation import EVENTS
from graphcdp.api.principals import Doorkeeper
from graphcdp.api.refusals import RefusedError
from graphcdp.model.errors import DatabaseError

log = structlog.get_logger("graphcdp.streams")

PING_S = 12.0
SEND_S = 30.0

_PING = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"
_HEADERS = {
    "Content-Type": f"{EVENTS}; charset=utf-8",
    "Cache-Control": "no-store",
    "Vary": "Accept",
    # Proxies of the nginx family hold answers back otherwise.
    "X-Accel-Buffering": "no",
}


def one_event(answer: dict[str, Any]) -> Response:
    """The answer to a query or a mutation, as a stream that is over."""
    return Response(_PING + _next(answer) + _COMPLETE, headers=_HEADERS)


class EventStream(Response):
    """The answers of a subscription, as they come."""

    def __init__(
        self,
        asked: Asked,
        platform: Platform,
        doorkeeper: Doorkeeper,
        connections: Connections,
    ) -> None:
        super().__init__(headers=_HEADERS)
        # There is no length before the end.
        del self.headers["content-length"]
        self._asked = asked
        self._platform = platform
        self._doorkeeper = doorkeeper
        self._connections = connections
        self._sending = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the operation is over, or whoever asked is gone."""
        headers = dict(scope["headers"])
        authorization, host = (headers.get(name) for name in (b"authorization", b"host"))

        with self._connections.opened(known=True) as ending:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            # Some browsers take a stream for open only when something came.
            await self._send(send, _PING)
            tasks = [asyncio.create_task(self._send_all(send)), asyncio.create_task(_until_gone(receive))]
            try:
                while not await ending.wait(*tasks, timeout_s=PING_S):
                    if not await self._goes_on(authorization, host):
                        break
                    await self._send(send, _PING)
            except (OSError, TimeoutError):
                return
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _goes_on(self, authorization: bytes | None, host: bytes | None) -> bool:
        """Would whoever asked still be let in, as the same?"""
        try:
            now = await self._doorkeeper.principal(
                authorization.decode("latin-1") if authorization is not None else None, (host or b"").decode("latin-1")
            )
        except RefusedError:
            return False
        except DatabaseError:
            return True  # the operation says so itself
        return now == self._asked.principal

    async def _send_all(self, send: Send) -> None:
        try:
            async with aclosing(follow(self._asked, self._platform)) as found:
                async for answer in found:
                    await self._send(send, _next(answer))
        except (OSError, TimeoutError):
            return
        except Exception as error:
            log.exception("internal error")
            await self._send(send, _next(failure_of(*told(error, self._asked.request_id))))
        await self._send(send, _COMPLETE)

    async def _send(self, send: Send, body: bytes) -> None:
        # An event and a ping must not mix, and a slow reader gets one at a time.
        async with asyncio.timeout(SEND_S), self._sending:
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(answer: dict[str, Any]) -> bytes:
    try:
        body = to_bytes(answer)
    except AnswerTooLargeError as error:
        body = to_bytes({"data": None, **failure_of(str(error), "ANSWER_TOO_LARGE")})
    # JSON as it is written here has no line ends.
    return b"event: next\ndata: " + body + b"\n\n"
