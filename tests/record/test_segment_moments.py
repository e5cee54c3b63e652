"""docs/segments.md, rule 10: whoever is looked at when it is due, and only then, is always where the rule says."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.changes import SegmentExited
from graphcdp.model.predicates import SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.plan.members import differing
from graphcdp.plan.where import condition
from graphcdp.read.feed import read_changes
from graphcdp.record import segment_moments
from graphcdp.record.erase import erase_customer
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import Changes, create_segment, delete_segment, update_segment
from graphcdp.record.segment_moments import keep_moments, run_due
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.record.clock import Clock

START = datetime(2026, 3, 28, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def recorder(store: Store, rules: IdentityRules, clock: Clock) -> Recorder:
    return Recorder(store, rules, clock=clock)


def did(name: str, within: str, **times: int) -> dict[str, Any]:
    return {"did": {"event": {"name": name}, "during": {"within": within}, "times": times or {"atLeast": 1}}}


RULES: dict[str, dict[str, Any]] = {
    "active": did("Order", "P3D"),
    "busy": did("Order", "PT60H", atLeast=2, atMost=3),
    "quiet": {"not": did("*", "P2D", atLeast=2)},
    "monthly": did("Order", "P1M", atLeast=2),
    "due": {"trait": {"path": "renews", "is": {"withinLast": "P2D"}}},
    "lapsed": {"not": {"inSegment": {"key": "active"}}},
}


async def create(store: Store, key: str, given: dict[str, Any], now: datetime = START) -> str:
    return await create_segment(store, key, key, None, parse_predicate(given), now)


async def differs(store: Store, key: str, given: dict[str, Any], now: datetime) -> list[str]:
    """Who is in the segment and should not be at that moment, or the reverse."""
    (row,) = await store.read("segment/by_keys", keys=[key])
    (found,) = await store.read_generated(
        differing(condition(parse_predicate(given), now), row["id"], after="", limit=1000)
    )
    return list(found["ids"])


async def check(store: Store, now: datetime) -> None:
    for key, given in RULES.items():
        assert await differs(store, key, given, now) == [], f"{key} at {now}"


async def due_next(store: Store) -> datetime | None:
    rows = await store.read("segment/due_next")
    return rows[0]["at"] if rows else None


async def waiting(store: Store) -> int:
    rows = await store.read_generated(Statement("MATCH ()-[d:DUE]->() RETURN count(d) AS n"))
    return int(rows[0]["n"])


@asynccontextmanager
async def keeping(store: Store) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Moments are kept meanwhile; what is bound returns when nobody waits for one."""
    written = asyncio.Event()

    def wake(_: frozenset[str] | None) -> None:
        written.set()

    async def nobody_waits() -> None:
        async with asyncio.timeout(30):
            while await waiting(store):
                await written.wait()
                written.clear()

    store.watch(wake)
    task = asyncio.create_task(keep_moments(store, lambda: datetime.now(UTC)))
    try:
        yield nobody_waits
    finally:
        store.unwatch(wake)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def a_message(chance: random.Random, number: int, now: datetime) -> dict[str, Any]:
    who = [("user", f"u{chance.randrange(3)}"), ("device", f"d{chance.randrange(4)}")]
    message: dict[str, Any] = {
        "id": f"m{number}",
        "identifiers": chance.sample(who, chance.choice([1, 1, 1, 2])),
        "at": now - timedelta(hours=chance.choice([0, 0, 5, 60, 700])),
    }
    if chance.random() < 0.3:
        renews = now + timedelta(hours=chance.randrange(-60, 40))
        return {**message, "type": "identify", "traits": {"renews": renews.isoformat()}}
    return {**message, "name": chance.choice(["Order", "Order", "Click"])}


async def test_between_writes_and_moments_nobody_is_out_of_place(
    store: Store, recorder: Recorder, clock: Clock
) -> None:
    chance = random.Random(1)
    for key, given in RULES.items():
        await create(store, key, given)
    looked_at = 0
    for number in range(7):
        await recorder.record([a_message(chance, number, clock.now)])
        await check(store, clock.now)
        until = clock.now + timedelta(hours=chance.choice([1, 9, 40]))
        while (at := await due_next(store)) is not None and at <= until:
            await check(store, max(at - TICK, clock.now))
            clock.now = max(at, clock.now)
            looked_at += await run_due(store, clock.now)
        clock.now = until
        await check(store, clock.now)
    assert looked_at > 5


async def test_a_later_moment_is_not_written_with_each_event(store: Store, recorder: Recorder, clock: Clock) -> None:
    await create(store, "active", RULES["active"])
    for number in range(3):
        await recorder.record([{"name": "Order", "identifiers": [("user", "ann")]}])
        assert await due_next(store) == START + 3 * DAY + TICK
        clock.now = START + timedelta(hours=number + 1)
    assert await run_due(store, START + 3 * DAY + TICK) == 1
    assert await due_next(store) == START + 3 * DAY + timedelta(hours=2) + TICK
    assert await differs(store, "active", RULES["active"], START + 3 * DAY + TICK) == []


async def test_who_is_merged_away_is_not_waited_for(store: Store, recorder: Recorder) -> None:
    await create(store, "active", RULES["active"])
    for who in (("user", "ann"), ("device", "d1")):
        await recorder.record([{"name": "Order", "identifiers": [who]}])
    assert await waiting(store) == 2
    await recorder.record([{"type": "alias", "identifiers": [("user", "ann"), ("device", "d1")]}])
    assert await waiting(store) == 1
    rows = await store.read_generated(Statement("MATCH (c:Customer) RETURN c.id AS id"))
    await erase_customer(store, rows[0]["id"])
    assert await waiting(store) == 0


async def test_a_paused_segment_waits_for_nobody_until_it_goes_on(store: Store, recorder: Recorder) -> None:
    await create(store, "active", RULES["active"])
    await recorder.record([{"name": "Order", "identifiers": [("user", "ann")]}])
    await update_segment(store, SegmentName(key="active"), 1, Changes(paused=True), START)
    assert await run_due(store, START + 5 * DAY) == 1
    assert await waiting(store) == 0
    await update_segment(store, SegmentName(key="active"), 2, Changes(paused=False), START + DAY)
    assert await due_next(store) == START + 3 * DAY + TICK
    await delete_segment(store, SegmentName(key="active"))
    assert await waiting(store) == 0


async def test_two_who_look_at_once_do_it_once(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_moments, "PAGE", 3)
    await create(store, "active", RULES["active"])
    await recorder.record([{"name": "Order", "identifiers": [("user", f"u{n}")]} for n in range(10)])
    later = START + 4 * DAY
    await asyncio.gather(*(run_due(store, later) for _ in range(3)))
    changes = [one for one in await read_changes(store, 0) if isinstance(one.change, SegmentExited)]
    assert len(changes) == 10
    assert await differs(store, "active", RULES["active"], later) == []


async def test_whoever_keeps_moments_is_woken_by_an_earlier_one(
    store: Store, rules: IdentityRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without being woken it would look again after a minute, when the test is over.
    monkeypatch.setattr(segment_moments, "POLL_S", 60.0)
    await create(store, "now", did("Order", "PT1S"), datetime.now(UTC))
    async with keeping(store) as nobody_waits:
        await Recorder(store, rules).record([{"name": "Order", "identifiers": [("user", "ann")]}])
        assert await waiting(store) == 1
        await nobody_waits()
    assert await store.read_generated(Statement("MATCH (:Customer)-[m:IN_SEGMENT]->() RETURN m.since AS since")) == []


async def test_who_is_due_soon_after_others_shares_a_transaction(
    store: Store, rules: IdentityRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_moments, "APART_S", 1.0)
    await create(store, "now", did("Order", "PT1S"), datetime.now(UTC))
    now = datetime.now(UTC)
    await Recorder(store, rules).record(
        [
            {"name": "Order", "at": now - timedelta(milliseconds=20 * n), "identifiers": [("user", f"u{n}")]}
            for n in range(10)
        ]
    )
    transactions: list[object] = []
    store.watch(transactions.append)
    try:
        async with keeping(store) as nobody_waits:
            await nobody_waits()
    finally:
        store.unwatch(transactions.append)
    assert len(transactions) <= 2


@pytest.mark.parametrize("name", ["segment/due", "segment/due_next"])
async def test_due_ones_are_found_by_the_index(store: Store, recorder: Recorder, profiled: Any, name: str) -> None:
    await create(store, "active", RULES["active"])
    await recorder.record([{"name": "Order", "identifiers": [("user", f"u{n}")]} for n in range(20)])
    parameters = {"now": START + 4 * DAY, "limit": 5} if name == "segment/due" else {}
    operators = [operator for operator, *_ in await profiled(name, **parameters)]
    assert any("RelationshipIndex" in operator for operator in operators), operators
    assert not any("Sort" in operator or "Top" in operator for operator in operators), operators
