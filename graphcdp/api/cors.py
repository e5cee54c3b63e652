"""Which other sites' pages may call the API and read its answers; by default none."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

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
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["ETag", "Retry-After", "WWW-Authenticate", "X-Request-Id"],
            max_age=REMEMBERED_S,
        )
    ]
