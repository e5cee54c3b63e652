"""Reads in the same words are asked together while the database is busy, and nobody pays for a neighbour."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from neo4j.time import Duration

from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.model.statement import SharedStatement, Statement
from graphcdp.store import Store
from graphcdp.store.neo4j import read_timeout_s
from graphcdp.store.together import TOGETHER_MAX, Together

TIMEOUT_S = 30.0
TENTH = "RETURN 10 / $x + $more AS answer"
TENTHS = """UNWIND $together.asked AS asked
CALL (asked) {
  RETURN 10 / asked.x + $more AS answer
}
RETURN collect([asked.place, answer]) AS answers"""


def tenth(x: Any, more: Any = 0) -> SharedStatement:
    """10 / x + more; only x may differ."""
    return SharedStatement(TENTH, {"x": x, "more": more}, TENTHS, frozenset(("x",)))


RUNNING = Statement(
    "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND' RETURN currentQuery AS text"
)


class Reader:
    """Keeps what it is asked for; the first one waits until it is let, the others are answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[list[Any]] = []
        self.let = asyncio.Event()

    async def read(self, statement: Statement, timeout_s: float) -> Any:
        several = statement.parameters.get("together")
        self.asked.append([one["x"] for one in several["asked"]] if several else [statement.parameters["x"]])
        if len(self.asked) == 1:
            await self.let.wait()
        return await self._store.read_value(Statement(statement.text, statement.parameters))


async def begin(together: Together, statements: Sequence[SharedStatement]) -> list["asyncio.Task[Any]"]:
    tasks = [asyncio.create_task(together.read(one, TIMEOUT_S)) for one in statements]
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_others_are_asked_for_goes_with_the_next(store: Store) -> None:
    reader = Reader(store)
    tasks = await begin(Together(reader.read), [tenth(x) for x in (1, 2, 5, 10)])
    reader.let.set()
    assert await asyncio.gather(*tasks) == [10, 5, 2, 1]
    assert reader.asked == [[1], [2, 5, 10]]


async def test_only_those_go_together_who_agree_in_all_else(store: Store) -> None:
    reader = Reader(store)
    tasks = await begin(Together(reader.read), [tenth(1, 1), tenth(2, 1.0), tenth(5, 1)])
    assert await tasks[1] == 6.0, "1.0 does not wait for 1"
    reader.let.set()
    assert await asyncio.gather(*tasks) == [11, 6.0, 3]
    assert reader.asked == [[1], [2], [5]]


async def test_values_that_have_no_text_of_their_own_are_asked_for_alone(store: Store) -> None:
    reader = Reader(store)
    month = Duration(months=1)
    tasks = await begin(Together(reader.read), [tenth(x, month) for x in (1, 2)])
    reader.let.set()
    assert all(isinstance(one, Exception) for one in await asyncio.gather(*tasks, return_exceptions=True))
    assert reader.asked == [[1], [2]]


async def test_one_at_fault_fails_alone(store: Store) -> None:
    reader = Reader(store)
    tasks = await begin(Together(reader.read), [tenth(x) for x in (1, 2, 0, 10)])
    reader.let.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [found[0], found[1], found[3]] == [10, 5, 1]
    assert isinstance(found[2], Exception)
    assert reader.asked[1:] == [[2, 0, 10], [2], [0], [10]]


async def test_a_full_statement_is_begun_beside_others(store: Store) -> None:
    reader = Reader(store)
    together = Together(reader.read)
    first, *others = await begin(together, [tenth(x) for x in range(1, TOGETHER_MAX + 2)])
    assert await asyncio.gather(*others) == [10 // x for x in range(2, TOGETHER_MAX + 2)]
    assert not first.done()
    reader.let.set()
    assert await first == 10


async def test_nobody_waits_long_for_a_slow_one(store: Store) -> None:
    reader = Reader(store)
    together = Together(reader.read)
    slow, *others = await begin(together, [tenth(x) for x in (1, 2, 5)])
    assert await asyncio.gather(*others) == [5, 2]
    later = (await begin(together, [tenth(10)]))[0]
    assert await later == 1
    assert not slow.done()
    assert reader.asked == [[1], [2, 5], [10]]
    reader.let.set()
    assert await slow == 10


async def test_who_has_gone_is_not_asked_for(store: Store) -> None:
    reader = Reader(store)
    first, gone, other = await begin(Together(reader.read), [tenth(x) for x in (1, 2, 5)])
    gone.cancel()
    reader.let.set()
    assert await asyncio.gather(first, other) == [10, 2]
    assert reader.asked == [[1], [5]]
    assert gone.cancelled()


async def test_the_limit_of_a_read_ends_it_in_the_database_too(store: Store) -> None:
    slow = "UNWIND range(1, 10000000000) AS n RETURN count(n) + $x AS answer"
    several = f"UNWIND $together.asked AS asked CALL (asked) {{ {slow.replace('$x', 'asked.x')} }} RETURN answer"
    limit = read_timeout_s.set(0.3)
    began = time.monotonic()
    try:
        asked = [SharedStatement(slow, {"x": x}, several, frozenset(("x",))) for x in (1, 2, 3)]
        found = await asyncio.gather(*map(store.read_value, asked), return_exceptions=True)
    finally:
        read_timeout_s.reset(limit)
    assert [type(one) for one in found] == [DatabaseTimeoutError] * 3
    assert time.monotonic() - began < 10
    async with asyncio.timeout(10):
        while await store.read_generated(RUNNING):  # noqa: ASYNC110  # nobody tells when it has ended
            await asyncio.sleep(0.05)


async def test_a_crowd_gets_each_its_own_answer_in_fewer_statements(store: Store) -> None:
    before = store.statements_run
    assert await asyncio.gather(*(store.read_value(tenth(x)) for x in range(1, 101))) == [
        10 // x for x in range(1, 101)
    ]
    # The first alone, then as many as fit.
    assert store.statements_run - before <= 100 // TOGETHER_MAX + 1
