"""API keys made and revoked. Their text is shown once, to who makes them; the graph keeps a hash."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError
from graphcdp.model.ids import Tag, tagged
from graphcdp.model.principals import Scope, key_hash
from graphcdp.record.ids import new_ulid
from graphcdp.store.neo4j import Store, Transaction

NAME_LENGTH_MAX = 100
PREFIX = "gcdp_"
PUBLIC_PREFIX = f"{PREFIX}pub_"
SECRET_PREFIX = f"{PREFIX}sec_"
_RANDOM_BYTES = 32


async def create_key(store: Store, name: str, scopes: Sequence[Scope], now: datetime) -> tuple[str, str]:
    """Make a key; its id and its text.

    A key that may only write can be public, so its text begins with `gcdp_pub_`;
    any other with `gcdp_sec_`. Raises InvalidReferenceError for a name or scopes
    that cannot be.
    """
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise InvalidReferenceError(f"The name has {len(name)} characters; it takes 1..{NAME_LENGTH_MAX}.")
    if not scopes:
        raise InvalidReferenceError(f"A key needs at least one scope: {', '.join(Scope)}.")
    wanted = sorted(set(scopes))
    prefix = PUBLIC_PREFIX if wanted == [Scope.WRITE] else SECRET_PREFIX
    text = prefix + secrets.token_urlsafe(_RANDOM_BYTES)
    key_id = tagged(Tag.KEY, new_ulid(now))
    await store.transact(
        lambda tx: tx.run("record/create_api_key", id=key_id, hash=key_hash(text), name=name, scopes=wanted, now=now)
    )
    return key_id, text


async def revoke_key(store: Store, key_id: str, now: datetime) -> str:
    """Revoke a key for good; its name. Raises UnknownReferenceError when there is none with this id."""
    rows = await store.transact(lambda tx: tx.run("record/revoke_api_key", id=key_id, now=now))
    if not rows:
        raise UnknownReferenceError(f"There is no key {key_id!r}; `graphcdp keys list` shows them.")
    name: str = rows[0]["name"]
    return name


async def keep_uses(store: Store, at_by_id: Mapping[str, datetime]) -> None:
    """Keep when keys were last used."""
    used = [{"id": key_id, "at": at} for key_id, at in at_by_id.items()]

    async def keep(tx: Transaction) -> None:
        tx.concerns(())
        await tx.run("record/use_api_keys", used=used)

    await store.transact(keep)
