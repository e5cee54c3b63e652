"""docs/feed.md, rules 1 to 3, 11 and 12: numbers without gaps over many writers; every follower has every change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import Any

import pytest

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.changes import Created, Erased, EventRecorded, Sequenced, TraitChange, TraitsChanged
from graphcdp.model.errors import CursorExpiredError
from graphcdp.model.statement import Statement
from graphcdp.notify.feed import Feed
from graphcdp.read.feed import Standing, read_changes, standing
from graphcdp.record.erase import erase_customer
from graphcdp.record.feed import trim
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction

WRITERS = 8


def feed_of(store: Store, **settings: int) -> Feed:
    async def newest() -> int:
        return (await standing(store)).newest

    return Feed(partial(read_changes, store), newest, store=store, **settings)


async def tell(store: Store, *customers: str) -> None:
    async def work(tx: Transaction) -> None:
        tx.tell(Created(customer) for customer in customers)

    await store.transact(work)


@pytest.fixture
async def stores(neo4j: EmbeddedNeo4j, store: Store) -> AsyncIterator[list[Store]]:
    """Several stores, as several processes have."""
    async with AsyncExitStack() as opened:
        yield [await opened.enter_async_context(await Store.open(neo4j.connection)) for _ in range(WRITERS)]


async def test_a_poller_sees_every_number_in_order_whoever_writes(store: Store, stores: list[Store]) -> None:
    each = 60
    done = asyncio.Event()
    seen: list[Sequenced] = []

    async def write(place: int, own: Store) -> None:
        for number in range(each):
            await tell(own, f"{place}-{number}-a", f"{place}-{number}-b")

    async def poll() -> None:
        while True:
            over = done.is_set()
            found = await read_changes(store, seen[-1].seq if seen else 0, 50)
            seen.extend(found)
            if over and not found:
                return

    poller = asyncio.create_task(poll())
    await asyncio.gather(*(write(place, own) for place, own in enumerate(stores)))
    done.set()
    await poller
    assert [one.seq for one in seen] == list(range(1, WRITERS * each * 2 + 1))
    assert [one.at for one in seen] == sorted(one.at for one in seen)
    for place in range(WRITERS):
        own = [one.change.customer for one in seen if one.change.customer.startswith(f"{place}-")]
        assert own == [f"{place}-{number}-{half}" for number in range(each) for half in "ab"]


async def test_what_is_rolled_back_has_no_number(store: Store) -> None:
    await tell(store, "one")

    async def broken(tx: Transaction) -> None:
        tx.tell([Created("lost")])
        raise ValueError

    with pytest.raises(ValueError):
        await store.transact(broken)
    await tell(store, "two")
    found = await read_changes(store, 0)
    assert [(one.seq, one.change.customer) for one in found] == [(1, "one"), (2, "two")]


async def test_work_that_runs_again_tells_once(store: Store, stores: list[Store]) -> None:
    """Two writers who lock the same two nodes in opposite order: one of them is rolled back and runs again."""
    runs = 0

    async def write(own: Store, first: str, second: str) -> None:
        async def work(tx: Transaction) -> None:
            nonlocal runs
            runs += 1
            tx.tell([Created(first)])
            await tx.run("record/consent_lock", key=first, purpose="x")
            await asyncio.sleep(0.2)
            await tx.run("record/consent_lock", key=second, purpose="x")

        await own.transact(work)

    await Recorder(store, IdentityRules()).record(
        [{"name": "Seen", "identifiers": [("user", "a")]}, {"name": "Seen", "identifiers": [("user", "b")]}]
    )
    start = (await standing(store)).newest
    await asyncio.gather(write(stores[0], "user:a", "user:b"), write(stores[1], "user:b", "user:a"))
    assert runs > 2, "one of the two was rolled back"
    assert sorted(one.change.customer for one in await read_changes(store, start)) == ["user:a", "user:b"]


async def test_a_large_transaction_is_read_in_pieces(store: Store) -> None:
    await tell(store, *(str(number) for number in range(1300)))
    found: list[Sequenced] = []
    while part := await read_changes(store, found[-1].seq if found else 0, 70):
        assert len(part) <= 70
        found += part
    assert [(one.seq, one.change.customer) for one in found] == [(n + 1, str(n)) for n in range(1300)]


async def test_every_follower_has_every_change_exactly_once(store: Store, stores: list[Store]) -> None:
    each, followers = 40, 50
    feed = feed_of(stores[0], kept_max=100, batch_max=40)
    total = WRITERS * each
    await tell(store, "before")
    start = (await standing(store)).newest

    async def follow(place: int) -> list[int]:
        seen: list[int] = []
        async with aclosing(feed.follow(start)) as batches:
            async for batch in batches:
                seen += [one.seq for one in batch]
                if place % 10 == 0:
                    # Slower than what is kept in memory: it reads the graph.
                    await asyncio.sleep(0.05)
                if seen[-1] >= start + total:
                    return seen
        return seen

    async def write(place: int, own: Store) -> None:
        for number in range(each):
            await tell(own, f"{place}-{number}")

    following = [asyncio.create_task(follow(place)) for place in range(followers)]
    await asyncio.gather(*(write(place, own) for place, own in enumerate(stores)))
    for seen in await asyncio.wait_for(asyncio.gather(*following), 30):
        assert seen == list(range(start + 1, start + total + 1))
    assert feed.followers == 0


async def test_from_now_on_is_what_comes_after(store: Store) -> None:
    feed = feed_of(store)
    await tell(store, "before")
    async with aclosing(feed.follow()) as batches:
        first = asyncio.create_task(anext(batches))
        while not feed.followers:  # noqa: ASYNC110  # the feed offers no event
            await asyncio.sleep(0.01)
        await tell(store, "after")
        assert [one.change.customer for one in await asyncio.wait_for(first, 5)] == ["after"]


async def test_a_follower_that_was_slow_goes_on_from_the_graph(store: Store) -> None:
    feed = feed_of(store, kept_max=10, batch_max=10)
    async with aclosing(feed.follow(0)) as slow, aclosing(feed.follow(0)) as quick:
        await tell(store, "0")
        assert (await anext(slow))[0].seq == 1
        seen = (await anext(quick))[-1].seq
        for number in range(1, 60):
            await tell(store, str(number))
        while seen < 60:
            seen = (await anext(quick))[-1].seq
        assert len(feed._kept) <= 10
        late: list[int] = []
        while not late or late[-1] < 60:
            late += [one.seq for one in await anext(slow)]
        assert late == list(range(2, 61))


async def test_a_message_is_told_as_what_it_did(store: Store, recorder: Recorder) -> None:
    (outcome,) = await recorder.record([{"id": "m1", "name": "Seen", "identifiers": [("user", "a")]}])
    assert outcome.customer_id is not None
    told = [one.change for one in await read_changes(store, 0)]
    assert told[0] == Created(outcome.customer_id)
    assert told[-1] == EventRecorded(outcome.customer_id, "m1", "Seen", "user:a")


async def test_a_cursor_behind_which_changes_were_dropped_is_told_so(store: Store) -> None:
    for customer in "abcde":
        await tell(store, customer)
    assert await trim(store, keep_s=3600, keep_max=2) == 3
    assert await standing(store) == Standing(newest=5, dropped=3)
    assert [one.seq for one in await read_changes(store, 3)] == [4, 5]
    with pytest.raises(CursorExpiredError, match=r"behind change 2, and changes up to 3 are no longer kept"):
        await read_changes(store, 2)
    async with aclosing(feed_of(store).follow(0)) as batches:
        with pytest.raises(CursorExpiredError):
            await anext(batches)


async def test_what_is_too_old_is_dropped_and_numbers_go_on(store: Store) -> None:
    await tell(store, "a", "b")
    assert await trim(store, keep_s=60, keep_max=1) == 0, "a page stays as long as one of its changes is kept"
    await asyncio.sleep(0.05)
    assert await trim(store, keep_s=0.01, keep_max=100) == 1
    await tell(store, "c")
    assert [(one.seq, one.change.customer) for one in await read_changes(store, 2)] == [(3, "c")]
    assert await trim(store, keep_s=60, keep_max=100) == 0


async def test_several_may_drop_at_the_same_time(store: Store, stores: list[Store]) -> None:
    for customer in range(40):
        await tell(store, str(customer))
    await asyncio.gather(*(trim(own, keep_s=3600, keep_max=10) for own in stores))
    left = Statement("MATCH (p:ChangePage) RETURN count(p) AS pages")
    assert await store.read_generated(left) == [{"pages": 10}]
    assert [one.seq for one in await read_changes(store, 30)] == list(range(31, 41))


async def test_a_page_that_is_not_there_yet_is_waited_for(store: Store) -> None:
    """A reader may pass the place of a page before its commit, and meet a later one: it stops before the gap."""
    page = {"changes": '[{"k":"CREATED","c":"x"}]'}
    made = Statement(
        "UNWIND [1, 2, 4] AS n CREATE (:ChangePage {first: n, last: n, at: datetime(), changes: $changes})", page
    )
    await store.transact(lambda tx: tx.run_generated(made))
    assert [one.seq for one in await read_changes(store, 0)] == [1, 2]
    assert await read_changes(store, 2) == []


async def test_a_reading_walks_only_what_it_gives(store: Store, profiled: Any) -> None:
    for customer in range(200):
        await tell(store, str(customer))
    plan = await profiled("feed/after", after=100, until=110)
    assert not {"NodeByLabelScan", "AllNodesScan", "Sort"} & {operator for operator, *_ in plan}
    assert sum(hits for *_, hits in plan) < 200


async def test_an_erasure_empties_the_memory_of_the_feed(store: Store, recorder: Recorder) -> None:
    feed = feed_of(store)
    async with aclosing(feed.follow(0)) as batches:
        first = asyncio.create_task(anext(batches))
        (outcome,) = await recorder.record(
            [{"id": "m1", "type": "identify", "identifiers": [("user", "ann")], "traits": {"city": "Hue"}}]
        )
        assert outcome.customer_id is not None
        seen = await first
        assert TraitsChanged(outcome.customer_id, (TraitChange("city", None, "Hue"),)) in [one.change for one in seen]
        await erase_customer(store, outcome.customer_id)
        while seen[-1].change != Erased(outcome.customer_id):
            seen += await anext(batches)
        async with aclosing(feed.follow(0)) as others:
            told = await anext(others)
    assert {one.change for one in told} == {Erased(outcome.customer_id)}
    assert [one.seq for one in told] == list(range(1, len(told) + 1)), "the numbers stay"
