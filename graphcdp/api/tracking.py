"""What SDKs send: the routes of the wire format that Segment's SDKs speak. Source: docs/tracking.md.

A request is answered 200 as soon as it can be read, whatever becomes of its
messages: SDKs throw away what got a 4xx, and the whole batch with it. What
cannot be recorded is kept with its reason.
"""

import asyncio
import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from graphcdp.api.answering import Platform
from graphcdp.api.cors import TRACKING_PATH, cors_of_tracking, may_send_openly
from graphcdp.api.operations import json_of, read_body
from graphcdp.api.principals import Doorkeeper
from graphcdp.api.refusals import RefusedError
from graphcdp.model.errors import DatabaseError, OverloadedError
from graphcdp.model.messages import SOURCE_LENGTH_MAX
from graphcdp.model.principals import OWNER, Principal
from graphcdp.record.clock import utc_now
from graphcdp.record.tracking import Arrival, kept_message

BATCH_BYTES_MAX = 500 * 1024
MESSAGES_MAX = 2500
UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024
"""Of all bodies that wait to be recorded; as Python values they take ten times as much memory."""
BUSY_AGAIN_S = 1
DOWN_AGAIN_S = 5
SOURCE = "tracking"
"""Of what comes without any key."""

_BATCH = None
_TYPE_BY_CALL = {
    **dict.fromkeys(("track", "t"), "track"),
    **dict.fromkeys(("identify", "i"), "identify"),
    **dict.fromkeys(("page", "p"), "page"),
    **dict.fromkeys(("screen", "s"), "screen"),
    **dict.fromkeys(("group", "g"), "group"),
    **dict.fromkeys(("alias", "a"), "alias"),
    **dict.fromkeys(("batch", "b", "import"), _BATCH),
}
_ZIPPED = ("gzip", "x-gzip")
_AS_GZIP = 16 + zlib.MAX_WBITS


def tracking_routes(platform: Platform, doorkeeper: Doorkeeper) -> Mount:
    """What SDKs call, for pages of all origins."""
    desk = _Desk(platform, doorkeeper)
    routes = [
        Route("/m", _metrics, methods=["POST"]),
        Route("/projects/{key}/settings", desk.settings),
        Route("/{call}", desk.take, methods=["POST"]),
    ]
    return Mount(TRACKING_PATH, routes=routes, middleware=[cors_of_tracking()])


@dataclass(slots=True)
class _Desk:
    """Takes what is sent, as much at a time as memory allows."""

    platform: Platform
    doorkeeper: Doorkeeper
    under_way_bytes: int = 0

    async def take(self, request: Request) -> Response:
        """Record the messages of a request."""
        try:
            call = request.path_params["call"]
            if call not in _TYPE_BY_CALL:
                raise RefusedError(404, f"There is no call {call!r}.", "NOT_FOUND")
            key = _key_in_header(request.headers.get("authorization"))
            # First of all, so that nobody unknown makes the server read a large body; not all say it there.
            principal = await self._sender(request, key) if key else None
            body = _unzipped(await self._body(request), request.headers.get("content-encoding", ""))
            given = _object_of(body)
            if principal is None:
                key = given.get("writeKey")
                principal = await self._sender(request, key if isinstance(key, str) else None)
            structlog.contextvars.bind_contextvars(principal=principal.name)
            messages = _messages(given, _TYPE_BY_CALL[call])
            await self._record(messages, len(body), _source(principal, key), self._arrival(request, given))
        except RefusedError as refusal:
            return _failure(refusal.status, refusal.code, str(refusal), refusal.headers)
        except OverloadedError as error:
            return _failure(429, "OVERLOADED", str(error), {"Retry-After": str(error.retry_after_s)})
        except DatabaseError as error:
            return _failure(503, "UNAVAILABLE", str(error), {"Retry-After": str(DOWN_AGAIN_S)})
        return _taken()

    async def settings(self, request: Request) -> Response:
        """Tell an SDK where to send."""
        key = request.path_params["key"]
        try:
            await self._sender(request, key)
        except RefusedError as refusal:
            # As where SDKs usually ask: no project has this key.
            status = 404 if refusal.status == 401 else refusal.status
            return _failure(status, refusal.code, str(refusal))
        except DatabaseError as error:
            return _failure(503, "UNAVAILABLE", str(error), {"Retry-After": str(DOWN_AGAIN_S)})
        asked = f"{request.url.scheme}://{request.headers.get('host', '')}"
        protocol, _, host = (self.platform.settings.tracking_url or asked).partition("://")
        return JSONResponse(_settings(key, host, protocol), headers={"Cache-Control": "private, max-age=60"})

    async def _sender(self, request: Request, key: str | None) -> Principal:
        headers = request.headers
        principal = await self.doorkeeper.writer(key, headers.get("host", ""))
        if principal is OWNER and not may_send_openly(headers.get("origin"), self.platform.settings.cors_origins):
            raise RefusedError(
                403,
                "Without API keys this server takes nothing from pages of other sites. Make a key: "
                "`graphcdp keys create --name web --scope write`.",
                "FORBIDDEN",
            )
        return principal

    async def _body(self, request: Request) -> bytes:
        return await read_body(request, self.platform.settings.query_timeout_s, BATCH_BYTES_MAX)

    def _arrival(self, request: Request, given: dict[str, Any]) -> Arrival:
        keeps_ip = self.platform.settings.tracking_ip
        ip = request.client.host if keeps_ip and request.client is not None else None
        return Arrival(utc_now(), given.get("sentAt"), keeps_ip, ip)

    async def _record(self, messages: list[Any], size: int, source: str, arrival: Arrival) -> None:
        if self.under_way_bytes + size > UNDER_WAY_BYTES_MAX:
            raise RefusedError(
                429,
                "More comes in than can be recorded: send it again in a moment.",
                "BUSY",
                headers={"Retry-After": str(BUSY_AGAIN_S)},
            )
        self.under_way_bytes += size
        try:
            raws = [kept_message(message, source=source, arrival=arrival) for message in messages]
            async with asyncio.timeout(self.platform.settings.query_timeout_s):
                await self.platform.recorder.record(raws)
        except TimeoutError:
            # The same ids are never recorded twice, so sending it again is right whatever became of it.
            raise DatabaseError("The database did not take this in time: send it again.") from None
        finally:
            self.under_way_bytes -= size


async def _metrics(request: Request) -> Response:
    # The browser SDK's counts of its own work: of no use here, and it would send them again.
    return _taken()


def _key_in_header(authorization: str | None) -> str | None:
    """The write key of an Authorization header; None when it has none."""
    scheme, _, text = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return text.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(text.strip()).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        raise RefusedError(401, "The Authorization header is not readable: send `writeKey:` as Basic.") from None


def _unzipped(body: bytes, encoding: str) -> bytes:
    if encoding.lower() not in _ZIPPED:
        if encoding.lower() in ("", "identity"):
            return body
        raise RefusedError(415, "Send the body as it is or with gzip.", headers={"Accept-Encoding": "gzip, identity"})
    unzip = zlib.decompressobj(_AS_GZIP)
    try:
        whole = unzip.decompress(body, BATCH_BYTES_MAX + 1)
    except zlib.error:
        raise RefusedError(400, "The body says that it is gzip, and is not.") from None
    if len(whole) > BATCH_BYTES_MAX:
        raise RefusedError(413, f"The batch is larger than {BATCH_BYTES_MAX} bytes: send fewer messages at once.")
    if not unzip.eof:
        raise RefusedError(400, "The gzip body ends too early.")
    return whole


def _object_of(body: bytes) -> dict[str, Any]:
    given = json_of(body, "The request")
    if not isinstance(given, dict):
        raise RefusedError(400, "The body must be a JSON object.")
    return given


def _messages(given: dict[str, Any], type_: str | None) -> list[Any]:
    """The messages of a body, each with its type; type_: None for a batch, whose messages say it themselves."""
    if type_ is not _BATCH:
        return [{**{name: value for name, value in given.items() if name != "writeKey"}, "type": type_}]
    batch = given.get("batch")
    if not isinstance(batch, list):
        raise RefusedError(400, "`batch` must be a list of messages.")
    if len(batch) > MESSAGES_MAX:
        raise RefusedError(413, f"The batch has {len(batch)} messages; the most is {MESSAGES_MAX}.")
    return [_of_batch(message, given) if isinstance(message, dict) else message for message in batch]


def _of_batch(message: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A message with what its batch says of all of them; its own wins."""
    own = {name: value for name, value in message.items() if name != "writeKey"}
    context, integrations = given.get("context"), given.get("integrations")
    if isinstance(context, dict) and isinstance(own.get("context"), dict | None):
        own["context"] = {**context, **(own.get("context") or {})}
    if isinstance(integrations, dict) and not own.get("integrations"):
        own["integrations"] = integrations
    return own


def _source(principal: Principal, key: str | None) -> str:
    """The source of what came: what the key is called; on a server without keys, what was sent in place of one."""
    return (principal.label or key or SOURCE)[:SOURCE_LENGTH_MAX]


def _settings(key: str, host: str, protocol: str) -> dict[str, Any]:
    """What the SDKs of browsers and apps ask at their start."""
    everything = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{host}{TRACKING_PATH}",
                "protocol": protocol,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {"track": everything, "identify": everything, "group": everything},
        "metrics": {"sampleRate": 0, "host": f"{host}{TRACKING_PATH}"},
        "edgeFunction": {},
        "remotePlugins": [],
        "enabledMiddleware": {},
        "middlewareSettings": {},
        "analyticsNextEnabled": True,
    }


def _taken() -> Response:
    return JSONResponse({"success": True})


def _failure(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"success": False, "code": code, "message": message}, status, headers)
