"""Answers that a caller has already: a weak ETag on GET, and 304."""

from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response


def validated(request: Request, response: Response) -> Response:
    """The answer to a GET under its tag; 304 without a body when the caller has it.

    The tag is weak: the same answer goes compressed in several ways. The answer
    is asked for each time (`no-cache`), since only that tells what is true now,
    and no shared cache keeps it.
    """
    if response.status_code != 200:
        response.headers["Cache-Control"] = "no-store"
        return response
    tag = f'W/"{blake2b(bytes(response.body), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _has(if_none_match: str, tag: str) -> bool:
    given = [one.strip() for one in if_none_match.split(",")]
    return "*" in given or tag in given or tag.removeprefix("W/") in given
