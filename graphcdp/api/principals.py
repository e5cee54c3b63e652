"""Who sends a request: by its Authorization header, the keys in the graph, and the secret for tokens."""

import asyncio
import time
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from graphcdp.api.headers import text_of
from graphcdp.api.refusals import RefusedError
from graphcdp.api.tokens import BadTokenError, subject_of
from graphcdp.model.errors import DatabaseError, GraphCDPError
from graphcdp.model.principals import ANONYMOUS, OWNER, Principal, Scope, key_hash, key_principal, visitor_principal
from graphcdp.read.keys import KeyRow, stored_keys
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import PREFIX, keep_uses
from graphcdp.settings import Settings, is_loopback
from graphcdp.store.neo4j import Store, read_timeout_s

log = structlog.get_logger("graphcdp.access")

KEY_LENGTH_MAX = 200
_KNOWN = "graphcdp.principal"
READ_TIMEOUT_S = 5.0
UNKNOWN_AGAIN_S = 1.0
"""An unknown key may have been made just now; so often at most it is looked for."""
USED_EVERY = timedelta(minutes=1)


class Doorkeeper:
    """Tells who is asking. It keeps all keys in memory and reads them again when they are old.

    A server without any key is open to whoever reaches it, which only this
    machine does. A key that was revoked still counts as one, so that nothing
    opens by revoking.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._key_by_hash: dict[str, KeyRow] = {}
        self._read_s = -float("inf")
        self._reading: asyncio.Task[None] | None = None
        self._used: dict[str, datetime] = {}

    async def principal(self, authorization: str | None, host: str) -> Principal:
        """Who sends a request with these headers; authorization: None when it has none.

        Raises RefusedError (401) for a key or token that is not good, (421) when
        an open server is called by a name that is not this machine's; and
        DatabaseError when the keys cannot be read.
        """
        await self._read_older_than(self._settings.keys_fresh_s)
        if authorization is not None:
            return await self._known(authorization)
        if self._key_by_hash or not is_loopback(self._settings.host):
            return ANONYMOUS
        _check_name(host)
        return OWNER

    async def principal_of(self, scope: MutableMapping[str, Any]) -> Principal:
        """Who sends this request, ASGI's scope, worked out once for all who ask. Raises as `principal`."""
        found: Principal | None = scope.get(_KNOWN)
        if found is None:
            authorization, host = text_of(scope, b"authorization"), text_of(scope, b"host") or ""
            found = scope[_KNOWN] = await self.principal(authorization, host)
        return found

    async def writer(self, key: str | None, host: str) -> Principal:
        """Who sends messages with this write key; a server without keys takes any, and none.

        Raises as `principal`, and RefusedError (403) for a key that may not write.
        """
        await self._read_older_than(self._settings.keys_fresh_s)
        if not self._key_by_hash and is_loopback(self._settings.host):
            _check_name(host)
            return OWNER
        if not key:
            raise _unauthenticated("The write key is missing: send a key of this server with the scope `write`.")
        if not key.startswith(PREFIX):
            raise _unauthenticated("This server has no such key.")
        principal = await self._key(key[:KEY_LENGTH_MAX])
        if not principal.may((Scope.WRITE,)):
            raise RefusedError(403, "This key may not write: it lacks the scope `write`.", "FORBIDDEN")
        return principal

    async def still_lets_in(self, principal: Principal, authorization: str | None, host: str) -> bool:
        """Would these headers be let in again, as this principal? Yes while the keys cannot be read."""
        try:
            return await self.principal(authorization, host) == principal
        except RefusedError:
            return False
        except DatabaseError:
            return True  # the operations say so themselves

    async def _known(self, authorization: str) -> Principal:
        scheme, _, text = authorization.strip().partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            raise _unauthenticated("Send the key or token as `Authorization: Bearer <it>`.")
        if text.startswith(PREFIX):
            return await self._key(text[:KEY_LENGTH_MAX])
        if text.count(".") == 2:
            return self._visitor(text)
        raise _unauthenticated("This is neither a key nor a token of this server.")

    async def _key(self, text: str) -> Principal:
        found = self._key_by_hash.get(key_hash(text))
        if found is None:
            await self._read_older_than(UNKNOWN_AGAIN_S)
            found = self._key_by_hash.get(key_hash(text))
        if found is None:
            raise _unauthenticated("This server has no such key.")
        if found.revoked is not None:
            raise _unauthenticated("This key was revoked.")
        self._used[found.id] = utc_now()
        return key_principal(found.id, found.scopes, found.name)

    def _visitor(self, text: str) -> Principal:
        secret = self._settings.token_secret
        if secret is None:
            raise _unauthenticated("This server takes no tokens: GRAPHCDP_TOKEN_SECRET is not set.")
        try:
            return visitor_principal(subject_of(secret.get_secret_value(), text, utc_now()))
        except BadTokenError as error:
            raise _unauthenticated(f"The token cannot be taken: {error}.") from None

    async def _read_older_than(self, seconds: float) -> None:
        """Read the keys again when they are older than this; all who ask meanwhile wait for one reading."""
        if time.monotonic() - self._read_s < seconds:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        # In the task's own context, so that no operation's limit changes.
        read_timeout_s.set(READ_TIMEOUT_S)
        began_s = time.monotonic()
        rows = await stored_keys(self._store)
        self._key_by_hash = {row.hash: row for row in rows}
        self._read_s = began_s
        await self._keep_uses(rows)

    async def _keep_uses(self, rows: list[KeyRow]) -> None:
        last_by_id = {row.id: row.last_used for row in rows}
        due = {}
        for key_id, at in self._used.items():
            last = last_by_id.get(key_id)
            if last is None or at - last >= USED_EVERY:
                due[key_id] = at
        if not due:
            return
        try:
            await keep_uses(self._store, due)
        except GraphCDPError as error:
            # Who asks is no worse off for it.
            log.warning("use of keys not kept", reason=str(error))
            return
        self._used.clear()


async def check_exposure(store: Store, settings: Settings) -> str | None:
    """What to do before a server without keys may listen on the network; None when it may listen as it is set.

    It says in the log when the server is open.
    """
    if await stored_keys(store):
        return None
    if not is_loopback(settings.host):
        return (
            f"GRAPHCDP_HOST is {settings.host}, so others can reach the server, but no API key is stored. Make one: "
            "`graphcdp keys create --name first --scope admin --scope pii`; or listen on 127.0.0.1."
        )
    log.warning(
        "open: no API key is stored, so every program on this machine may read and write everything",
        host=settings.host,
        to_close="graphcdp keys create",
    )
    return None


def _check_name(host: str) -> None:
    # A page of another site whose name is made to lead here would be of the same origin as this server.
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    if not is_loopback(name):
        raise RefusedError(
            421,
            "Without API keys this server answers only to 127.0.0.1 and localhost. Make a key: `graphcdp keys create`.",
            "MISDIRECTED",
        )


def _unauthenticated(message: str) -> RefusedError:
    return RefusedError(401, message, "UNAUTHENTICATED", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
