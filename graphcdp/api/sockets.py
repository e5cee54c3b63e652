"""GraphQL over a WebSocket, by the protocol graphql-transport-ws. Source: docs/http.md, rules 14 to 17.

One task reads, one each executes an operation, and `serve` waits for whatever
ends the socket first. Only `serve` closes it, after all others are gone.
"""

import asyncio
import time
import uuid
from contextlib import aclosing, suppress
from typing import Any

import structlog
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from graphcdp.api.answering import Asked, Platform, answers
from graphcdp.api.answers import AnswerTooLargeError, failure_of, to_bytes
from graphcdp.api.cors import may_open_socket
from graphcdp.api.failures import told
from graphcdp.api.live import OPERATIONS_MAX, Connections, Ending
from graphcdp.api.operations import checked_operation
from graphcdp.api.principals import Doorkeeper
from graphcdp.api.refusals import RefusedError
from graphcdp.api.transport_ws import (
    ALREADY_EXISTS,
    FORBIDDEN,
    INIT_TIMEOUT,
    NORMAL,
    PROTOCOL,
    TOO_MANY_INITS,
    TRY_LATER,
    UNAUTHORIZED,
    Complete,
    Init,
    Ping,
    ProtocolError,
    Subscribe,
    close_reason,
    message_text,
    read_message,
)
from graphcdp.api.trusted import TrustedDocuments
from graphcdp.model.errors import DatabaseError
from graphcdp.model.principals import Principal

log = structlog.get_logger("graphcdp.sockets")

INIT_S = 5.0
IDLE_S = 60.0
CHECK_S = 5.0
"""How often it is looked at whether the socket may go on."""
SEND_S = 30.0
CLOSE_S = 1.0


class Sockets:
    """The endpoint."""

    def __init__(
        self, platform: Platform, doorkeeper: Doorkeeper, trusted: TrustedDocuments, connections: Connections
    ) -> None:
        self._platform = platform
        self._doorkeeper = doorkeeper
        self._trusted = trusted
        self._connections = connections

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket, from its handshake to its end."""
        try:
            self._check_handshake(websocket)
            with self._connections.opened(known=False) as ending:
                socket = _Socket(websocket, ending, self._platform, self._doorkeeper, self._trusted, self._connections)
                await socket.serve()
        except RefusedError as refusal:
            body = to_bytes(failure_of(str(refusal), refusal.code))
            await websocket.send_denial_response(
                Response(body, refusal.status, refusal.headers, media_type="application/json")
            )

    def _check_handshake(self, websocket: WebSocket) -> None:
        headers = websocket.headers
        origins = self._platform.settings.cors_origins
        if not may_open_socket(headers.get("origin"), headers.get("host", ""), origins):
            raise RefusedError(
                403, "Pages of this origin may not open sockets here: see GRAPHCDP_CORS_ORIGINS.", "FORBIDDEN"
            )
        if PROTOCOL not in websocket.scope["subprotocols"]:
            raise RefusedError(400, f"Sockets speak the subprotocol {PROTOCOL} only.")


class _Socket:
    """One socket that was let in."""

    def __init__(
        self,
        websocket: WebSocket,
        ending: Ending,
        platform: Platform,
        doorkeeper: Doorkeeper,
        trusted: TrustedDocuments,
        connections: Connections,
    ) -> None:
        self._websocket = websocket
        self._ending = ending
        self._platform = platform
        self._doorkeeper = doorkeeper
        self._trusted = trusted
        self._connections = connections
        self._id = uuid.uuid4().hex
        self._host = websocket.headers.get("host", "")
        self._authorization = websocket.headers.get("authorization")
        self._begun = False
        self._principal: Principal | None = None
        self._task_by_id: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._operations = 0
        self._busy_s = time.monotonic()

    async def serve(self) -> None:
        await self._websocket.accept(subprotocol=PROTOCOL)
        started_s = time.monotonic()
        late = asyncio.get_running_loop().call_later(INIT_S, self._expect_init)
        reader = asyncio.create_task(self._read())
        try:
            while not await self._ending.wait(reader, timeout_s=CHECK_S):
                await self._check()
        finally:
            late.cancel()
            left = [reader, *self._tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            code, reason = self._ending.reason or (NORMAL, "")
            await self._close(code, reason)
            who = self._principal.name if self._principal else ""
            took_ms = round((time.monotonic() - started_s) * 1000, 1)
            log.info("socket", code=code, principal=who, operations=self._operations, ms=took_ms, request_id=self._id)

    def _expect_init(self) -> None:
        if self._principal is None:
            self._ending.tell(INIT_TIMEOUT, "Connection initialisation timeout")

    async def _close(self, code: int, reason: str) -> None:
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            return
        # To one who does not read nothing can be said, the end neither.
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(code, close_reason(reason))

    async def _read(self) -> None:
        try:
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    self._ending.tell(message.get("code", 1005), "")
                    return
                await self._take(message.get("text"))
        except ProtocolError as error:
            self._ending.tell(error.code, str(error))
        except RefusedError as refusal:
            self._ending.tell(FORBIDDEN, str(refusal))
        except DatabaseError:
            self._ending.tell(TRY_LATER, "The database cannot be reached now: try again in a moment.")
        except (WebSocketDisconnect, TimeoutError):
            self._ending.tell(TRY_LATER, "")
        except Exception:
            log.exception("internal error", request_id=self._id)
            self._ending.tell(1011, "Internal error.")

    async def _take(self, text: str | None) -> None:
        match read_message(text):
            case Init() as init:
                await self._init(init)
            case Ping():
                await self._send(message_text("pong"))
            case Subscribe() as asked:
                await self._subscribe(asked)
            case Complete(id=operation_id):
                task = self._task_by_id.pop(operation_id, None)
                if task is not None:
                    task.cancel()

    async def _init(self, init: Init) -> None:
        if self._begun:
            raise ProtocolError("Too many initialisation requests", TOO_MANY_INITS)
        self._begun = True
        if init.authorization is not None:
            self._authorization = init.authorization
        self._principal = await self._doorkeeper.principal(self._authorization, self._host)
        self._connections.know(self._ending)
        await self._send(message_text("connection_ack"))

    async def _check(self) -> None:
        """End the socket when nothing goes on, or when it would not be let in any more."""
        if self._principal is None:
            return
        if self._tasks:
            self._busy_s = time.monotonic()
        elif time.monotonic() - self._busy_s > IDLE_S:
            self._ending.tell(NORMAL, "Nothing goes on here.")
        try:
            if await self._doorkeeper.principal(self._authorization, self._host) != self._principal:
                self._ending.tell(FORBIDDEN, "What this key or token may do has changed.")
        except RefusedError as refusal:
            self._ending.tell(FORBIDDEN, str(refusal))
        except DatabaseError:
            return  # the operations say so themselves

    async def _subscribe(self, asked: Subscribe) -> None:
        principal = self._principal
        if principal is None:
            raise ProtocolError("Unauthorized", UNAUTHORIZED)
        if asked.id in self._task_by_id:
            raise ProtocolError(f"Subscriber for {asked.id} already exists", ALREADY_EXISTS)
        if len(self._tasks) >= OPERATIONS_MAX:
            message = f"A socket can have {OPERATIONS_MAX} operations at once: complete others first."
            await self._send(message_text("error", asked.id, failure_of(message, "COST_EXCEEDED")["errors"]))
            return
        self._operations += 1
        self._busy_s = time.monotonic()
        task = asyncio.create_task(self._operate(asked, principal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._task_by_id[asked.id] = task

    async def _operate(self, asked: Subscribe, principal: Principal) -> None:
        with structlog.contextvars.bound_contextvars(request_id=self._id, principal=principal.name):
            try:
                await self._answer(asked, principal)
            except RefusedError as refusal:
                await self._refuse(asked.id, failure_of(str(refusal), refusal.code)["errors"])
            except (WebSocketDisconnect, TimeoutError):
                self._ending.tell(TRY_LATER, "Messages are not taken.")
            except Exception as error:
                log.exception("internal error")
                await self._refuse(asked.id, failure_of(*told(error, self._id))["errors"])
            finally:
                self._free(asked.id)

    async def _answer(self, asked: Subscribe, principal: Principal) -> None:
        operation = checked_operation(asked.payload, self._trusted, reads_only=False)
        given = Asked(operation, principal, self._id)
        async with aclosing(answers(given, self._platform)) as found:
            async for answer in found:
                if "data" not in answer:
                    await self._refuse(asked.id, answer["errors"])
                    return
                await self._send(_next(asked.id, answer))
        self._free(asked.id)
        await self._send(message_text("complete", asked.id))

    async def _refuse(self, operation_id: str, errors: list[Any]) -> None:
        self._free(operation_id)
        with suppress(WebSocketDisconnect):
            await self._send(message_text("error", operation_id, errors))

    def _free(self, operation_id: str) -> None:
        """Let the id be used again: before the client knows that the operation is over, since it may do so at once."""
        if self._task_by_id.get(operation_id) is asyncio.current_task():
            del self._task_by_id[operation_id]

    async def _send(self, text: str) -> None:
        """Send a message. Raises WebSocketDisconnect when nobody is there, TimeoutError when it is not taken."""
        if self._ending.reason is not None:
            raise WebSocketDisconnect
        async with asyncio.timeout(SEND_S):
            await self._websocket.send_text(text)


def _next(operation_id: str, answer: dict[str, Any]) -> str:
    try:
        return message_text("next", operation_id, answer)
    except AnswerTooLargeError as error:
        return message_text("next", operation_id, {"data": None, **failure_of(str(error), "ANSWER_TOO_LARGE")})
