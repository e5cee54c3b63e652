"""Routes and status codes: GraphQL by POST, GraphiQL for a browser, health."""

import asyncio
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from graphcdp.api.answers import UnreadableError, answer_of, failure_of, read_json, to_bytes
from graphcdp.api.context import Context
from graphcdp.api.failures import TIMED_OUT
from graphcdp.api.requests import RequestLog
from graphcdp.api.schema import executor
from graphcdp.model.errors import GraphCDPError
from graphcdp.settings import Settings
from graphcdp.store.neo4j import Store, read_timeout_s

BODY_BYTES_MAX = 1024 * 1024
BATCH_BYTES_MAX = 4 * 1024 * 1024
DOCUMENT_BYTES_MAX = 64 * 1024
UNREAD_BYTES_MAX = 32 * 1024 * 1024
"""A body that is too large is read up to here and dropped, so that its sender can read why; then it is cut off."""
READY_TIMEOUT_S = 2
GRACE_S = 1
"""A statement is ended at the operation's limit; so much later the operation is, whatever it does."""

_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "worker-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}


class Platform(Protocol):
    """What the application serves."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def store(self) -> Store:
        """The database."""

    def context(self) -> Context:
        """A fresh context for one operation."""


class _RefusedError(Exception):
    """A request that is no operation: its answer, with a status. unread: its body still comes in."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST", *, unread: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.unread = unread


def build_app(platform: Platform) -> Starlette:
    """The application on this platform; opening and closing the platform is the caller's."""

    async def graphql(request: Request) -> Response:
        if request.method == "GET":
            return _page(request, platform.settings)
        try:
            return await _execute(request, platform)
        except _RefusedError as refusal:
            headers = {"Connection": "close"} if refusal.unread else None
            return _json(failure_of(str(refusal), refusal.code), refusal.status, headers)

    async def ready(request: Request) -> Response:
        return await _ready(platform.store)

    routes: list[BaseRoute] = [
        Route("/", _to_graphql),
        Route("/graphql", graphql, methods=["GET", "POST"]),
        Route("/healthz", _alive),
        Route("/readyz", ready),
    ]
    if platform.settings.graphiql:
        routes.append(Mount("/graphiql/assets", _Assets(directory=_folder() / "assets")))
    return Starlette(routes=routes, middleware=[Middleware(RequestLog), Middleware(GZipMiddleware)])


async def _to_graphql(request: Request) -> Response:
    return RedirectResponse("/graphql")


async def _alive(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _ready(store: Store) -> Response:
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            await store.check()
    except (TimeoutError, GraphCDPError):
        return JSONResponse({"status": "not ready", "reason": "The database does not answer."}, 503)
    return JSONResponse({"status": "ready"})


def _page(request: Request, settings: Settings) -> Response:
    if settings.graphiql and "text/html" in request.headers.get("accept", ""):
        return Response(_page_bytes(), media_type="text/html", headers=_PAGE_HEADERS)
    failure = failure_of("GraphQL is spoken by POST here, with Content-Type: application/json.", "BAD_REQUEST")
    return _json(failure, 405, {"Allow": "POST"})


async def _execute(request: Request, platform: Platform) -> Response:
    seconds = platform.settings.query_timeout_s
    document, variables, operation_name = await _operation(request, seconds)
    context = platform.context()
    context.request_id = request.scope.get("request_id", "")
    read_timeout_s.set(seconds)
    try:
        async with asyncio.timeout(seconds + GRACE_S):
            result = await executor.execute(document, variables, context, operation_name)
    except TimeoutError:
        return _json({"data": None, **failure_of(TIMED_OUT, "TIMEOUT")}, 200)
    except MissingQueryError:
        raise _RefusedError(400, "`query` is missing: send the GraphQL document there.") from None
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        raise _RefusedError(400, "The document has no such operation: name one of it in `operationName`.") from None
    return _json(answer_of(result), 200)


async def _operation(request: Request, seconds: float) -> tuple[str, dict[str, Any] | None, str | None]:
    """Document, variables and operation name of a request. Raises _RefusedError."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        # This also keeps forms of other sites out: a browser asks before it sends JSON across sites.
        raise _RefusedError(415, "Send the operation as JSON, with Content-Type: application/json.")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise _RefusedError(415, "Send the body uncompressed.")
    body = await _body(request, seconds)
    try:
        given = read_json(body)
    except UnreadableError as error:
        raise _RefusedError(400, f"The request cannot be read: {error}.") from error
    if isinstance(given, list):
        raise _RefusedError(400, "Send one operation a request; for many events use `recordEvents`.")
    if not isinstance(given, dict):
        raise _RefusedError(400, "The body must be an object with `query` and, as needed, `variables`.")
    document, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(document, str) or not document.strip():
        raise _RefusedError(400, "`query` is missing: send the GraphQL document there, as text.")
    if not isinstance(variables, dict | None):
        raise _RefusedError(400, "`variables` must be an object.")
    if not isinstance(name, str | None):
        raise _RefusedError(400, "`operationName` must be text.")
    if len(document) > DOCUMENT_BYTES_MAX:
        raise _RefusedError(
            413, f"The document is larger than {DOCUMENT_BYTES_MAX} bytes: put values into `variables`."
        )
    if len(body) > BODY_BYTES_MAX and "recordEvents" not in document:
        raise _too_large(BODY_BYTES_MAX)
    return document, variables, name


async def _body(request: Request, seconds: float) -> bytes:
    """The body, counted while it comes in."""
    body = bytearray()
    count = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                count += len(chunk)
                if count > UNREAD_BYTES_MAX:
                    raise _too_large(BATCH_BYTES_MAX, unread=True)
                if count <= BATCH_BYTES_MAX:
                    body += chunk
    except TimeoutError:
        raise _RefusedError(408, f"The request did not come in within {seconds:g} s.", unread=True) from None
    except ClientDisconnect:
        raise _RefusedError(400, "The request was not finished.") from None
    if count > BATCH_BYTES_MAX:
        raise _too_large(BATCH_BYTES_MAX)
    return bytes(body)


def _too_large(limit: int, *, unread: bool = False) -> _RefusedError:
    message = f"The request is larger than {limit} bytes: ask for less, or send fewer events at once."
    return _RefusedError(413, message, unread=unread)


def _json(answer: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(to_bytes(answer), status, headers, media_type="application/json")


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
