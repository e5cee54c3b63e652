"""Which other sites' pages may call the API and read its answers; by default none."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from graphcdp.settings import is_loopback

TRACKING_PATH = "/v1"
REMEMBERED_S = 7200
"""How long a browser need not ask again; none remembers it longer."""


def cors(origins: Sequence[str]) -> list[Middleware]:
    """The middleware for pages of these origins; none for no origins.

    origins: such as `https://shop.example`, or `*` for all. Cookies are never
    among what is allowed: who is asking is said by a header, which no page
    sends unless it was told the key.
    """
    if not origins:
        return []
    return [
        Middleware(
            _Cors,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["*"],
            expose_headers=["ETag", "Retry-After", "WWW-Authenticate", "X-Request-Id"],
            max_age=REMEMBERED_S,
        )
    ]


def cors_of_tracking() -> Middleware:
    """The middleware for what SDKs in pages send to: pages of all origins may, since the write key says who is sending.

    Nothing can be read there. The browser SDK asks first, since it sends a header with its key.
    """
    return Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["Retry-After", "X-Request-Id"],
        max_age=REMEMBERED_S,
    )


class _Cors(CORSMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{TRACKING_PATH}/"):
            # It has rules of its own.
            await self.app(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def may_send_openly(origin: str | None, origins: Sequence[str]) -> bool:
    """May a page of this origin send messages to a server without keys? Plain text is sent without asking first.

    origin: None when it is no page that sends. origins: as for `cors`.
    """
    if origin is None or _is_allowed(origin, origins):
        return True
    name = urlsplit(origin).hostname if "://" in origin else None
    return name is not None and is_loopback(name)


def may_open_socket(origin: str | None, host: str, origins: Sequence[str]) -> bool:
    """May a page of this origin open a WebSocket here? Browsers ask nobody before they open one.

    origin: None when it is no page that asks. host: by which name the server
    was called. origins: as for `cors`.
    """
    if origin is None or _is_allowed(origin, origins):
        return True
    # By which scheme the page came is not compared: a proxy in front may speak TLS.
    return urlsplit(origin).netloc.lower() == host.lower() != ""


def _is_allowed(origin: str, origins: Sequence[str]) -> bool:
    return "*" in origins or origin.lower() in (one.lower() for one in origins)
