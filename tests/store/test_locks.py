"""Removing the property `lock` locks a node: every statement that locks relies on it."""

import asyncio

import pytest

from graphcdp.model.statement import Statement
from graphcdp.store import Store, Transaction

LOCKS = ("MERGE (n:Lock {name: 'one'}) REMOVE n.lock", "MATCH (n:Lock {name: 'one'}) REMOVE n.lock")


@pytest.mark.parametrize("text", LOCKS)
async def test_a_second_writer_waits_until_the_first_is_done(store: Store, text: str) -> None:
    await store.transact(lambda tx: tx.run_generated(Statement("MERGE (n:Lock {name: 'one'})")))
    story: list[str] = []

    async def work(tx: Transaction) -> None:
        await tx.run_generated(Statement(text))
        story.append("in")
        await asyncio.sleep(0.1)
        story.append("out")

    await asyncio.gather(store.transact(work), store.transact(work))
    assert story == ["in", "out", "in", "out"]
