"""API keys as the graph keeps them: hashed."""

from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.principals import Scope
from graphcdp.store.neo4j import Store


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key. last_used: None before its first use; it is kept to the minute. revoked: None while it is good."""

    id: str
    hash: str
    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    last_used: datetime | None
    revoked: datetime | None


async def stored_keys(store: Store) -> list[KeyRow]:
    """All keys, revoked ones included, oldest first."""
    known = set(Scope)
    rows = await store.read("read/api_keys")
    # A scope that a newer version gave out means nothing here.
    return [KeyRow(**row | {"scopes": tuple(Scope(one) for one in row["scopes"] if one in known)}) for row in rows]
