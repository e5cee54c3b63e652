"""Answers made smaller: Brotli or gzip, whichever the caller takes.

Starlette's responder decides what is worth it and leaves event streams alone;
here is which encoding, and Brotli.
"""

import asyncio

import brotli
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphcdp.api.headers import header_of
from graphcdp.api.negotiation import qualities

SIZE_BYTES_MIN = 1000
"""A smaller answer fits in one packet anyway."""
GZIP_LEVEL = 4
BROTLI_QUALITY = 4
"""Near gzip's time at its default level, for a tenth fewer bytes of JSON."""
THREAD_BYTES_MIN = 128 * 1024

_VARY = (b"vary", b"Accept-Encoding")


class Compression:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        match encoding_for(header_of(scope, b"accept-encoding").decode("latin-1")):
            case "br":
                responder: ASGIApp = _BrotliResponder(self._app, SIZE_BYTES_MIN)
            case "gzip":
                responder = GZipResponder(self._app, SIZE_BYTES_MIN, GZIP_LEVEL)
            case _:
                responder = _Plain(self._app)
        await responder(scope, receive, send)


class _Plain:
    """Compresses nothing, but tells caches that other callers get something else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), _VARY]
            await send(message)

        await self._app(scope, receive, send_on)


def encoding_for(accept_encoding: str) -> str:
    """`br`, `gzip` or `identity`: the smallest that an Accept-Encoding header takes."""
    quality_by_name = qualities(accept_encoding)
    return next((name for name in ("br", "gzip") if quality_by_name.get(name, 0) > 0), "identity")


class _BrotliResponder(IdentityResponder):
    content_encoding = "br"

    def __init__(self, app: ASGIApp, minimum_size: int) -> None:
        super().__init__(app, minimum_size)
        self._compressor: brotli.Compressor | None = None

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        if len(body) >= THREAD_BYTES_MIN:
            # So long a body would hold up everybody else.
            return await asyncio.to_thread(self._packed, body, more_body)
        return self._packed(body, more_body)

    def _packed(self, body: bytes, more_body: bool) -> bytes:
        if self._compressor is None:
            self._compressor = brotli.Compressor(quality=BROTLI_QUALITY, mode=brotli.MODE_TEXT)
        packed: bytes = self._compressor.process(body)
        rest: bytes = self._compressor.flush() if more_body else self._compressor.finish()
        return packed + rest
