"""Headers of a request as ASGI has them, for what looks at each request."""

from starlette.types import Scope


def header_of(scope: Scope, name: bytes) -> bytes:
    """The first header of this name, in lower case; empty when there is none.

    Starlette's own look-up decodes all names on the way.
    """
    return next((value for given, value in scope["headers"] if given == name), b"")
