"""GraphQL as server-sent events: graphql-sse, single connection mode. Source: docs/http.md, rule 20.

A stream is reserved by PUT, and opened once with the token that this gives.
Operations come by requests of their own; what they answer goes to the stream.

From its reservation to its end each stream has one task, `Reservations._hold`,
which alone takes it off the books, after all that ran for it is gone.
"""

import asyncio
import secrets
from contextlib import ExitStack, aclosing
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graphcdp.api.answering import Asked, Platform, answers, is_followed
from graphcdp.api.answers import failure_of
from graphcdp.api.failures import told
from graphcdp.api.headers import text_of
from graphcdp.api.live import OPERATIONS_MAX, Connections, Ending
from graphcdp.api.negotiation import wants_events
from graphcdp.api.operations import read_operation
from graphcdp.api.principals import Doorkeeper
from graphcdp.api.refusals import RefusedError
from graphcdp.api.streams import OpenStream, Outlet, complete_event, next_event
from graphcdp.api.transport_ws import ID_LENGTH_MAX, NORMAL
from graphcdp.api.trusted import TrustedDocuments
from graphcdp.model.principals import Principal

log = structlog.get_logger("graphcdp.streams")

TOKEN_HEADER = "x-graphql-event-stream-token"  # noqa: S105  # the name of a header
TOKEN_BYTES = 32
RESERVED_S = 10.0
"""How long a stream stays reserved before it is opened."""
RESERVED_MAX = 100
"""Streams that are reserved and not open yet."""

_TOKEN_HEADER = TOKEN_HEADER.encode()
_NOT_KEPT = {"Cache-Control": "no-store"}


def token_of(request: Request) -> str | None:
    """The token of a reserved stream that a request names; None when it is about none."""
    token = text_of(request.scope, _TOKEN_HEADER)
    # Most requests have no query; to look into none takes as long as half an answer from memory.
    return token or (request.query_params.get("token") if request.scope["query_string"] else None)


class Reservation:
    """One stream, reserved or open, with its operations."""

    def __init__(
        self, principal: Principal, authorization: str | None, host: str, platform: Platform, ending: Ending
    ) -> None:
        self.principal = principal
        self.authorization = authorization
        self.host = host
        self.ending = ending
        self.is_taken = False
        self.over = asyncio.Event()
        self._platform = platform
        self._outlet: asyncio.Future[Outlet] = asyncio.get_running_loop().create_future()
        self._task_by_id: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, outlet: Outlet) -> None:
        """The stream is open; answers that wait go there."""
        self._outlet.set_result(outlet)

    async def operate(self, asked: Asked) -> dict[str, Any] | None:
        """Begin an operation; None when it began, so that its answers go to the stream, else why it did not.

        Raises RefusedError when it may not begin here, and as `execute` does.
        """
        operation_id = _checked_id(asked.operation.id)
        if operation_id in self._task_by_id:
            raise RefusedError(409, f"An operation `{operation_id}` goes on already: take another `operationId`.")
        if len(self._tasks) >= OPERATIONS_MAX:
            message = f"A stream can have {OPERATIONS_MAX} operations at once: stop others first."
            raise RefusedError(429, message, "COST_EXCEEDED")
        begun: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(asked, operation_id, begun))
        self._task_by_id[operation_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait((task, begun), return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            raise RefusedError(409, "The operation was stopped before it began.")
        return begun.result()

    def stop(self, operation_id: str) -> None:
        """Stop an operation; one that is over, or never was, needs no stopping."""
        task = self._task_by_id.pop(operation_id, None)
        if task is not None:
            task.cancel()

    async def stop_all(self) -> None:
        """Stop all operations, and wait until they are gone."""
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _run(self, asked: Asked, operation_id: str, begun: "asyncio.Future[dict[str, Any] | None]") -> None:
        try:
            if is_followed(asked.operation):
                # What it tells first may be long in coming.
                begun.set_result(None)
            async with aclosing(answers(asked, self._platform)) as found:
                async for answer in found:
                    if not begun.done() and "data" not in answer:
                        self._free(operation_id)
                        begun.set_result(answer)
                        return
                    if not begun.done():
                        begun.set_result(None)
                    await self._send(next_event(answer, operation_id))
            self._free(operation_id)
            await self._send(complete_event(operation_id))
        except Exception as error:  # whatever became of the operation, its caller is told
            self._free(operation_id)
            if not begun.done():
                begun.set_exception(error)
                return
            if isinstance(error, OSError):
                self.ending.tell(NORMAL, "Events are not taken.")
                return
            log.exception("internal error")
            await self._send(next_event(failure_of(*told(error, asked.request_id)), operation_id))
            await self._send(complete_event(operation_id))
        finally:
            self._free(operation_id)

    async def _send(self, event: bytes) -> None:
        outlet = await asyncio.shield(self._outlet)
        await outlet.send(event)

    def _free(self, operation_id: str) -> None:
        """Let the id be used again: before the client knows that the operation is over, since it may do so at once."""
        if self._task_by_id.get(operation_id) is asyncio.current_task():
            del self._task_by_id[operation_id]


class ReservedStream(OpenStream):
    """The stream of a reservation: the answers of all its operations, until its reader is gone."""

    def __init__(self, reservation: Reservation, doorkeeper: Doorkeeper) -> None:
        super().__init__()
        self._reservation = reservation
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes."""
        one = self._reservation

        async def goes_on() -> bool:
            return await self._doorkeeper.still_lets_in(one.principal, one.authorization, one.host)

        try:
            outlet = await self.begin(send)
            one.open(outlet)
            await outlet.keep_open(receive, one.ending, goes_on)
        except (OSError, TimeoutError):
            return
        finally:
            one.ending.tell(NORMAL, "The stream is over.")
            # Nothing may be sent after the end.
            await one.over.wait()
        await self.end(send)


class Reservations:
    """The streams that are reserved or open, and the requests about them."""

    def __init__(
        self, platform: Platform, doorkeeper: Doorkeeper, trusted: TrustedDocuments, connections: Connections
    ) -> None:
        self._platform = platform
        self._doorkeeper = doorkeeper
        self._trusted = trusted
        self._connections = connections
        self._by_token: dict[str, Reservation] = {}
        self._holding: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request, principal: Principal) -> Response | dict[str, Any]:
        """What becomes of a request by PUT or DELETE, or with a token; a dict: what its operation did not begin for.

        Raises RefusedError, and as `execute` does.
        """
        if request.method == "PUT":
            return self._reserve(request, principal)
        token = token_of(request)
        if token is None:
            raise RefusedError(400, f"By DELETE an operation is stopped: send its stream's token, as `{TOKEN_HEADER}`.")
        if request.method == "HEAD":
            raise RefusedError(405, "A stream is opened by GET.", headers={"Allow": "GET, POST, PUT, DELETE"})
        opens = request.method != "DELETE" and wants_events(request.headers.get("accept"))
        reservation = self._named(token, request, principal, opens=opens)
        if opens:
            if reservation.is_taken:
                raise RefusedError(409, "This stream is open already: reserve another one.")
            reservation.is_taken = True
            return ReservedStream(reservation, self._doorkeeper)
        if request.method == "DELETE":
            reservation.stop(_checked_id(request.query_params.get("operationId")))
            return Response(headers=_NOT_KEPT)
        operation = await read_operation(request, self._platform.settings.query_timeout_s, self._trusted)
        failed = await reservation.operate(Asked(operation, principal, request.scope.get("request_id", "")))
        return Response(status_code=202, headers=_NOT_KEPT) if failed is None else failed

    def _reserve(self, request: Request, principal: Principal) -> Response:
        if sum(not one.is_taken for one in self._by_token.values()) >= RESERVED_MAX:
            raise RefusedError(
                503,
                "Too many streams are reserved: try again in a moment.",
                "UNAVAILABLE",
                headers={"Retry-After": "5"},
            )
        connection = ExitStack()
        ending = connection.enter_context(self._connections.opened(known=True))
        token = secrets.token_urlsafe(TOKEN_BYTES)
        authorization, host = request.headers.get("authorization"), request.headers.get("host", "")
        reservation = Reservation(principal, authorization, host, self._platform, ending)
        self._by_token[token] = reservation
        task = asyncio.create_task(self._hold(token, reservation, connection))
        self._holding.add(task)
        task.add_done_callback(self._holding.discard)
        return Response(token, 201, media_type="text/plain", headers=_NOT_KEPT)

    async def _hold(self, token: str, reservation: Reservation, connection: ExitStack) -> None:
        """Keep a reservation until its stream is over, or nobody opened it."""
        with connection:
            try:
                await reservation.ending.wait(timeout_s=RESERVED_S)
                if reservation.is_taken:
                    await reservation.ending.wait(timeout_s=None)
            finally:
                del self._by_token[token]
                await reservation.stop_all()
                reservation.over.set()

    def _named(self, token: str, request: Request, principal: Principal, *, opens: bool) -> Reservation:
        reservation = self._by_token.get(token)
        if reservation is None or reservation.ending.reason is not None:
            raise RefusedError(404, "There is no such stream, or not any more: reserve one by PUT.")
        # Browsers' EventSource can send no header, so to open the stream its token is enough.
        if reservation.principal != principal and not (opens and request.headers.get("authorization") is None):
            raise RefusedError(403, "This stream was reserved by somebody else.", "FORBIDDEN")
        return reservation


def _checked_id(given: str | None) -> str:
    if given is None or not 0 < len(given) <= ID_LENGTH_MAX:
        raise RefusedError(400, f"`operationId` must be text of 1 to {ID_LENGTH_MAX} characters.")
    return given
