"""Runs a write again when another writer was in its way."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from graphcdp.model.errors import DatabaseConflictError
from graphcdp.store import Store, Transaction
from graphcdp.store.neo4j import WRITE_TIMEOUT_S

TRIES_MAX = 5

Result = TypeVar("Result")


async def transact_again(
    store: Store, work: Callable[[Transaction], Awaitable[Result]], *, timeout_s: float = WRITE_TIMEOUT_S
) -> Result:
    """Run `work` in one write transaction; a few times when another writer makes or changes the same thing.

    timeout_s: of each try. Deadlocks and changes of leader are the store's. Raises DatabaseConflictError
    when the others do not stop.
    """
    for _ in range(TRIES_MAX - 1):
        with suppress(DatabaseConflictError):
            return await store.transact(work, timeout_s=timeout_s)
    return await store.transact(work, timeout_s=timeout_s)
