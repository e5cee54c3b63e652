"""Posts to places that others name: bounded in time and size, never followed elsewhere.

Source: docs/webhooks.md, rules 15 to 19.

An address is checked when its socket is made, so it is the very one that is
connected to: a name that stands for another address a moment later gains nothing.
"""

import socket
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from graphcdp import __version__
from graphcdp.model.addresses import Reach
from graphcdp.model.errors import DeliveryError
from graphcdp.record.clock import utc_now

ANSWER_BYTES_MAX = 64 * 1024
CONNECTIONS_MAX = 100
GONE = 410
_BUSY = (429, 503)


class RefusedAddressError(OSError):
    """The address may not be connected to."""


class Sender:
    """Posts bodies. reach: what may be connected to. timeout_s: for one post, from looking up the name to the end."""

    def __init__(self, reach: Reach, timeout_s: float) -> None:
        self._reach = reach
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._guarded: aiohttp.ClientSession | None = None
        self._trusted: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer, 200..299. Raises DeliveryError for any other, and for none."""
        host = urlsplit(url).hostname or ""
        session = self._session(trusted=self._reach.trusts_host(host))
        sent = {"Content-Type": "application/json", "User-Agent": f"GraphCDP/{__version__}", **headers}
        try:
            async with session.post(url, data=body, headers=sent, allow_redirects=False) as response:
                await _read_bounded(response)
                return _accepted(response)
        except TimeoutError as error:
            raise DeliveryError(f"no whole answer within {self._timeout.total:g} s") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, RefusedAddressError):
                raise DeliveryError(f"not sent: {error.os_error}") from error
            raise DeliveryError(f"no connection: {error.os_error.strerror or error.os_error}") from error
        except aiohttp.ClientError as error:
            raise DeliveryError(f"no whole answer: {type(error).__name__}: {str(error)[:200]}") from error
        except (OSError, ValueError) as error:
            raise DeliveryError(f"not sent: {str(error)[:200]}") from error

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._guarded, self._trusted):
            if session is not None:
                await session.close()
        self._guarded = self._trusted = None

    def _session(self, *, trusted: bool) -> aiohttp.ClientSession:
        if trusted:
            self._trusted = self._trusted or self._made(None)
            return self._trusted
        self._guarded = self._guarded or self._made(self._socket)
        return self._guarded

    def _made(self, factory: Any) -> aiohttp.ClientSession:
        # No cookies are kept and no proxy of the environment is used: it would connect to whatever it is told.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, socket_factory=factory),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )

    def _socket(self, found: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = found
        refused = self._reach.refuses(str(address[0]))
        if refused is not None:
            raise RefusedAddressError(refused)
        return socket.socket(family=family, type=kind, proto=protocol)


async def _read_bounded(response: aiohttp.ClientResponse) -> None:
    """Read the answer away, so that the connection can be used again; one that is too long ends it."""
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            response.close()
            return


def _accepted(response: aiohttp.ClientResponse) -> int:
    status = response.status
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise DeliveryError(f"it answered {status}; redirects are not followed", status=status)
    asked_s = _retry_after_s(response.headers.get("Retry-After")) if status in _BUSY else None
    raise DeliveryError(f"it answered {status}", status=status, retry_after_s=asked_s, gone=status == GONE)


def _retry_after_s(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text[:10])
    try:
        return max(0.0, (parsedate_to_datetime(text) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return None
