"""One log line for each request, and what every answer carries: its id and protective headers."""

import re
import time
from random import getrandbits

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphcdp.api.answers import failure_of, to_bytes
from graphcdp.api.headers import header_of

log = structlog.get_logger("graphcdp.http")

_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")
_PROJECTS = "/v1/projects/"
_KEY = re.compile(rf"^{_PROJECTS}[^/]+")
_QUIET = frozenset(("/healthz", "/readyz"))
_PROTECTIVE = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    # No other site's page may use an answer as its script, style or picture.
    (b"cross-origin-resource-policy", b"same-origin"),
]


class RequestLog:
    """ASGI middleware; it logs method, path, status and time, never bodies, query values or write keys.

    The caller's X-Request-Id is kept when it is plain; else one is made. It is
    in the answer, in the log and in masked errors.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header_of(scope, b"x-request-id")
        request_id = given.decode() if _ID.fullmatch(given) else f"{getrandbits(128):032x}"
        scope["request_id"] = request_id
        started_s = time.monotonic()
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Bytes put behind bytes: Starlette's headers would look through all of them for each of ours.
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode()), *_PROTECTIVE]
            await send(message)

        # Nothing to take back: each request is a task, whose variables end with it.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_on)
        except Exception:  # the last place that can still answer
            log.exception("internal error", method=scope["method"], path=scope["path"])
            if status == 0:
                await _send_failure(send_on, request_id)
        finally:
            write = log.debug if scope["path"] in _QUIET else log.info
            took_ms = round((time.monotonic() - started_s) * 1000, 1)
            path = scope["path"]
            if path.startswith(_PROJECTS):
                path = _KEY.sub(f"{_PROJECTS}…", path)
            write("request", method=scope["method"], path=path, status=status, ms=took_ms)


async def _send_failure(send: Send, request_id: str) -> None:
    body = to_bytes(failure_of(f"Internal error. It is logged under {request_id}.", "INTERNAL"))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
