"""Routes: GraphQL by POST and GET, GraphiQL for a browser, what SDKs send to, health."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import structlog
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from graphcdp.api.answering import Asked, Platform, execute
from graphcdp.api.answers import AnswerTooLargeError, failure_of, to_bytes
from graphcdp.api.caching import validated
from graphcdp.api.compression import Compression
from graphcdp.api.cors import cors
from graphcdp.api.failures import told
from graphcdp.api.headers import text_of
from graphcdp.api.live import Connections
from graphcdp.api.negotiation import (
    EVENTS,
    HTML,
    LEGACY,
    RESPONSE,
    answer_type,
    status_of,
    takes_events,
    wants_events,
    wants_page,
)
from graphcdp.api.operations import read_operation
from graphcdp.api.principals import Doorkeeper
from graphcdp.api.recall import Recall, is_awaited, mark
from graphcdp.api.refusals import RefusedError
from graphcdp.api.remembered import Mark, Remembered, name_of
from graphcdp.api.requests import RequestLog
from graphcdp.api.reservations import TOKEN_HEADER, Reservations, token_of
from graphcdp.api.schema import schema
from graphcdp.api.sockets import Sockets
from graphcdp.api.streams import EventStream, one_event
from graphcdp.api.tracking import tracking_routes
from graphcdp.api.trusted import TrustedDocuments, trusted_documents
from graphcdp.model.errors import DatabaseError, GraphCDPError
from graphcdp.store.neo4j import Store

PATH = "/graphql"
READY_TIMEOUT_S = 2

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]

_READING = frozenset(("GET", "HEAD"))


_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "worker-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}


class Application:
    """What the server serves. connections: those that stay open, for the server, which ends them when it stops."""

    def __init__(
        self, routes: Sequence[BaseRoute], graphql: Answer, surrounding: Sequence[Middleware], live: Connections
    ) -> None:
        """surrounding: the innermost first."""
        self.connections = live
        self._graphql = graphql
        # Starlette without its own way of telling failures: RequestLog is the place for that.
        self._router = ExceptionMiddleware(Router(routes))
        app: ASGIApp = self._dispatch
        for one in surrounding:
            app = one.cls(app, *one.args, **one.kwargs)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, by ASGI."""
        await self._app(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == PATH:
            # Nearly every request: the way through the routes takes as long as an answer from memory.
            response = await self._graphql(Request(scope, receive))
            await response(scope, receive, send)
            return
        await self._router(scope, receive, send)


def build_app(platform: Platform) -> Application:
    """The application on this platform; opening and closing the platform is the caller's.

    Raises SettingsError when a stored document cannot be used.
    """
    doorkeeper = Doorkeeper(platform.store, platform.settings)
    trusted = trusted_documents(platform.settings, schema)
    connections = Connections(platform.settings.live_max)
    sockets = Sockets(platform, doorkeeper, trusted, connections)
    reservations = Reservations(platform, doorkeeper, trusted, connections)

    async def graphql(request: Request) -> Response:
        if platform.settings.graphiql and request.method in _READING and wants_page(request.headers.get("accept")):
            return _page()
        return await _answer(request, platform, doorkeeper, trusted, connections, reservations)

    async def ready(request: Request) -> Response:
        return await _ready(platform.store)

    routes: list[BaseRoute] = [
        Route("/", _to_graphql),
        Route(PATH, graphql, methods=["GET", "POST", "PUT", "DELETE"]),
        WebSocketRoute(PATH, sockets.serve),
        Route("/healthz", _alive),
        Route("/readyz", ready),
        tracking_routes(platform, doorkeeper),
    ]
    if platform.settings.graphiql:
        routes.append(Mount("/graphiql/assets", _Assets(directory=_folder() / "assets")))
    surrounding = [Middleware(Compression)]
    if platform.remembered is not None:
        timeout_s = platform.settings.query_timeout_s
        spared = TOKEN_HEADER.encode()
        surrounding.append(Middleware(Recall, PATH, spared, platform.remembered, doorkeeper, timeout_s))
    surrounding += [*reversed(cors(platform.settings.cors_origins)), Middleware(RequestLog)]
    return Application(routes, graphql, surrounding, connections)


async def _to_graphql(request: Request) -> Response:
    return RedirectResponse(PATH)


async def _alive(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _ready(store: Store) -> Response:
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            await store.check()
    except (TimeoutError, GraphCDPError):
        return JSONResponse({"status": "not ready", "reason": "The database does not answer."}, 503)
    return JSONResponse({"status": "ready"})


def _page() -> Response:
    return Response(_page_bytes(), media_type=HTML, headers=_PAGE_HEADERS)


async def _answer(
    request: Request,
    platform: Platform,
    doorkeeper: Doorkeeper,
    trusted: TrustedDocuments,
    connections: Connections,
    reservations: Reservations,
) -> Response:
    accept = text_of(request.scope, b"accept")
    may_stream = takes_events(accept) and request.method != "HEAD"
    # What is refused beforehand is told in JSON to those as well who take event streams only.
    media_type = answer_type(accept) or (LEGACY if may_stream else None)
    if media_type is None:
        message = f"The answer can come as {RESPONSE} or {LEGACY}, in UTF-8: name one of them in Accept."
        return _json(failure_of(message, "BAD_REQUEST"), 406, LEGACY)
    is_reserved = request.method in ("PUT", "DELETE") or token_of(request) is not None
    asked: Asked | None = None
    try:
        # First of all, so that nobody unknown makes the server read a large body.
        principal = await doorkeeper.principal_of(request.scope)
        structlog.contextvars.bind_contextvars(principal=principal.name)
        if is_reserved:
            answer = await reservations.answer(request, principal)
        else:
            operation = await read_operation(request, platform.settings.query_timeout_s, trusted)
            asked = Asked(operation, principal, request.scope.get("request_id", ""))
            found = await execute(asked, platform)
            answer = _streamed(found, asked, accept if may_stream else None, platform, doorkeeper, connections)
        if isinstance(answer, Response):
            return answer
    except RefusedError as refusal:
        return _json(failure_of(str(refusal), refusal.code), refusal.status, media_type, refusal.headers)
    except DatabaseError as error:
        answer = failure_of(*told(error, request.scope.get("request_id", "")))
    # A stream's operation is never answered by 200, which clients would take for an acceptance.
    response = _json(answer, status_of(answer, RESPONSE if is_reserved else media_type), media_type)
    if request.method != "POST":
        return validated(request, response)
    if platform.remembered is not None and asked is not None and is_awaited(request.scope):
        mark(request.scope, _made_of(response, asked, platform.remembered))
    return response


def _made_of(response: Response, asked: Asked, remembered: Remembered) -> Mark | None:
    """Which remembered answer this is, if it is one."""
    name = name_of(asked.operation, asked.principal)
    # What is around the data of an answer without errors.
    return None if name is None else remembered.mark_of(name, bytes(response.body)[len(b'{"data":') : -len(b"}")])


def _streamed(
    found: dict[str, Any] | None,
    asked: Asked,
    accept: str | None,
    platform: Platform,
    doorkeeper: Doorkeeper,
    connections: Connections,
) -> Response | dict[str, Any]:
    """A stream where one is asked for or needed, else the answer; found: None for a subscription.

    accept: None when no stream is taken. Raises RefusedError.
    """
    if found is not None:
        return one_event(found) if accept is not None and wants_events(accept) else found
    if accept is None:
        raise RefusedError(
            406,
            f"A subscription has many answers: name {EVENTS} in Accept, or use a WebSocket.",
            headers={"Vary": "Accept"},
        )
    connections.check()
    return EventStream(asked, platform, doorkeeper, connections)


def _json(answer: dict[str, Any], status: int, media_type: str, headers: dict[str, str] | None = None) -> Response:
    try:
        body = to_bytes(answer)
    except AnswerTooLargeError as error:
        answer = failure_of(str(error), "ANSWER_TOO_LARGE")
        body, status = to_bytes(answer), status_of(answer, media_type)
    return _Json(body, status, headers, media_type)


class _Json(Response):
    """Starlette would look through the headers of each answer and encode them, which are ours and always the same."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        assert self.media_type is not None
        self.raw_headers = [*_fixed_headers(self.media_type), (b"content-length", b"%d" % len(self.body))]
        if headers:
            self.headers.update(headers)


@cache
def _fixed_headers(media_type: str) -> tuple[tuple[bytes, bytes], ...]:
    return (b"content-type", f"{media_type}; charset=utf-8".encode()), (b"vary", b"Accept")


class _Assets(StaticFiles):
    """Files whose names change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@cache
def _page_bytes() -> bytes:
    return (_folder() / "index.html").read_bytes()


def _folder() -> Path:
    # The wheel is always unpacked, so its files are real ones.
    return Path(str(files("graphcdp.api") / "graphiql"))
