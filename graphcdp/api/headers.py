"""Headers of a request as ASGI has them, for what looks at each request."""

from starlette.types import Scope

_KNOWN = "graphcdp.headers"


def header_of(scope: Scope, name: bytes) -> bytes:
    """The first header of this name, in lower case; empty when there is none.

    Starlette's own look-up decodes all names on the way, each time; here they are gone through once a request.
    """
    return headers_of(scope).get(name, b"")


def text_of(scope: Scope, name: bytes) -> str | None:
    """The same as text; None when there is none."""
    found = headers_of(scope).get(name)
    return None if found is None else found.decode("latin-1")


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """All headers by their names in lower case, the first of each; not to be changed."""
    found: dict[bytes, bytes] | None = scope.get(_KNOWN)
    if found is None:
        # Backwards, so that the first of a name is the one that stays.
        found = scope[_KNOWN] = dict(reversed(scope["headers"]))
    return found
