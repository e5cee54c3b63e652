"""An operation as it comes over HTTP: by POST as JSON, or by GET in the address. Its limits are here.

Forms are not read: a page of another site can send those without asking first,
but no JSON. By GET nothing is written, so that a link or a picture can do no harm.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request

from graphcdp.api.answers import UnreadableError, read_json
from graphcdp.api.headers import header_of, text_of
from graphcdp.api.refusals import RefusedError
from graphcdp.api.trusted import TrustedDocuments

BODY_BYTES_MAX = 1024 * 1024
BATCH_BYTES_MAX = 4 * 1024 * 1024
DOCUMENT_BYTES_MAX = 64 * 1024
UNREAD_BYTES_MAX = 32 * 1024 * 1024
"""A body that is too large is read up to here and dropped, so that its sender can read why; then it is cut off."""

_PARSED = ("variables", "extensions")
_IN_ADDRESS = ("query", "documentId", "operationName", *_PARSED)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, well-formed, neither parsed nor checked.

    reads_only: it came in a way by which nothing may be written. id: the caller's
    name for it among several, `extensions.operationId`; None when it has none.
    """

    document: str
    variables: dict[str, Any] | None
    name: str | None
    reads_only: bool
    id: str | None = None


async def read_operation(request: Request, seconds: float, trusted: TrustedDocuments) -> Operation:
    """The operation of a request, which may take this long to come in. Raises RefusedError."""
    if request.method != "POST":
        return checked_operation(_from_address(request), trusted, reads_only=True)
    media_type = header_of(request.scope, b"content-type").partition(b";")[0].strip().lower()
    if media_type != b"application/json":
        raise RefusedError(
            415,
            "Send the operation as JSON, with Content-Type: application/json.",
            headers={"Accept-Post": "application/json"},
        )
    if text_of(request.scope, b"content-encoding") not in (None, "identity"):
        raise RefusedError(415, "Send the body uncompressed.", headers={"Accept-Encoding": "identity"})
    body = await read_body(request, seconds, BATCH_BYTES_MAX)
    operation = checked_operation(json_of(body, "The request"), trusted, reads_only=False)
    if len(body) > BODY_BYTES_MAX and "recordEvents" not in operation.document:
        raise _too_large(BODY_BYTES_MAX)
    return operation


def _from_address(request: Request) -> dict[str, Any]:
    parameters = request.query_params
    given: dict[str, Any] = {}
    for name in _IN_ADDRESS:
        values = parameters.getlist(name)
        if len(values) > 1:
            raise RefusedError(400, f"`{name}` is in the address {len(values)} times; once is enough.")
        if values:
            given[name] = values[0]
    for name in _PARSED:
        if given.get(name):
            given[name] = json_of(given[name].encode("utf-8", "surrogatepass"), f"`{name}` in the address")
        else:
            given.pop(name, None)
    return given


def json_of(text: bytes, what: str) -> Any:
    """The JSON value that was sent as this. Raises RefusedError, which calls it so."""
    try:
        return read_json(text)
    except UnreadableError as error:
        raise RefusedError(400, f"{what} cannot be read: {error}.") from error


def checked_operation(given: Any, trusted: TrustedDocuments, *, reads_only: bool) -> Operation:
    """The operation that these JSON values ask for. Raises RefusedError."""
    if isinstance(given, list):
        raise RefusedError(400, "Send one operation a request; for many events use `recordEvents`.")
    if not isinstance(given, dict):
        raise RefusedError(400, "The body must be an object with `query` and, as needed, `variables`.")
    variables, name = given.get("variables"), given.get("operationName")
    if not isinstance(variables, dict | None):
        raise RefusedError(400, "`variables` must be an object.")
    if not isinstance(name, str | None):
        raise RefusedError(400, "`operationName` must be text.")
    extensions = given.get("extensions")
    if not isinstance(extensions, dict | None):
        raise RefusedError(400, "`extensions` must be an object.")
    document = trusted.document_of(given)
    if len(document) > DOCUMENT_BYTES_MAX:
        raise RefusedError(413, f"The document is larger than {DOCUMENT_BYTES_MAX} bytes: put values into `variables`.")
    operation_id = (extensions or {}).get("operationId")
    return Operation(
        document, variables, name or None, reads_only, operation_id if isinstance(operation_id, str) else None
    )


async def read_body(request: Request, seconds: float, bytes_max: int) -> bytes:
    """The body, counted while it comes in, which may take this long. Raises RefusedError."""
    body = bytearray()
    count = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                count += len(chunk)
                if count > UNREAD_BYTES_MAX:
                    raise _too_large(bytes_max, unread=True)
                if count <= bytes_max:
                    body += chunk
    except TimeoutError:
        raise RefusedError(408, f"The request did not come in within {seconds:g} s.", unread=True) from None
    except ClientDisconnect:
        raise RefusedError(400, "The request was not finished.") from None
    if count > bytes_max:
        raise _too_large(bytes_max)
    return bytes(body)


def _too_large(limit: int, *, unread: bool = False) -> RefusedError:
    message = f"The request is larger than {limit} bytes: ask for less, or send fewer events at once."
    return RefusedError(413, message, unread=unread)
