"""docs/subscriptions.md, rules 2, 7 and 9: many who follow, many who write, who leave, and who are slow."""

import asyncio
import gc
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ConnectionClosed

from graphcdp.api import change_answers, server
from graphcdp.api import sockets as endpoint
from graphcdp.api.answering import Asked, follow
from graphcdp.api.answers import read_json, to_bytes
from graphcdp.api.change_answers import MESSAGE_BYTES
from graphcdp.api.operations import Operation
from graphcdp.app import Platform
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.changes import Created
from graphcdp.model.principals import OWNER
from graphcdp.read.feed import feed_cursor, read_changes, standing
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store, Transaction
from tests.api.conftest import Json, serving
from tests.api.feeds import CHANGES, Follower, following
from tests.api.live import Client, nothing_left, opened, until

WRITERS, EACH = 8, 25
SOCKETS, ON_EACH = 5, 10
LEAN = "subscription($after: String) { changes(after: $after) { cursor nodes { sequence } } }"


async def tell(store: Store, *customers: str) -> None:
    async def work(tx: Transaction) -> None:
        tx.tell(Created(customer) for customer in customers)

    await store.transact(work)


async def numbers(store: Store) -> list[str]:
    """Of all changes that are stored."""
    found: list[str] = []
    while batch := await read_changes(store, len(found)):
        found += [str(one.seq) for one in batch]
    return found


@pytest.fixture
async def stores(neo4j: EmbeddedNeo4j, store: Store) -> AsyncIterator[list[Store]]:
    """Several stores, as several processes have."""
    async with AsyncExitStack() as held:
        yield [await held.enter_async_context(await Store.open(neo4j.connection)) for _ in range(WRITERS)]


async def test_rule_7_eight_writers_and_fifty_subscribers(
    stores: list[Store], rules: IdentityRules, settings: Settings
) -> None:
    platform = Platform(settings, stores[0], Recorder(stores[0], rules))
    total = WRITERS * EACH * 2

    async def write(place: int, own: Store) -> None:
        for number in range(EACH):
            await tell(own, f"{place}-{number}", f"{place}-{number}")

    async with serving(platform) as http, AsyncExitStack() as held:
        by_client = []
        for _ in range(SOCKETS):
            client = await held.enter_async_context(opened(http, max_size=None))
            await client.init()
            names = [str(place) for place in range(ON_EACH)]
            by_client.append((client, {name: await Follower(client, name).begin(CHANGES) for name in names}))
        writing = asyncio.gather(*(write(place, own) for place, own in enumerate(stores)))

        async def take(client: Client, followers: dict[str, Follower]) -> None:
            while any(len(one.seen) < total for one in followers.values()):
                message = await client.receive()
                followers[message["id"]].take(message)

        await asyncio.gather(writing, *(take(client, followers) for client, followers in by_client))
        expected = [str(number + 1) for number in range(total)]
        assert await numbers(stores[0]) == expected
        for _, followers in by_client:
            for follower in followers.values():
                assert follower.told("sequence") == expected
        assert len(platform.change_answers) == 1
        # Each change was made into an answer once, in batches, and not once for each of the fifty.
        assert platform.change_answers.batches_made <= total
    await nothing_left()


async def test_rule_2_a_hundred_disconnects(store: Store, recorder: Recorder, settings: Settings) -> None:
    platform = Platform(settings, store, recorder)
    over = asyncio.Event()

    async def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            await tell(store, f"{number}-a", f"{number}-b")
            await asyncio.sleep(0.005)

    async with serving(platform) as http:

        async def reconnect(times: int) -> list[str]:
            seen: list[str] = []
            after = feed_cursor(0)
            for time in range(times):
                async with following(http, LEAN, after=after) as follower:
                    for _ in range(1 + time % 3):
                        await follower.batch()
                    assert follower.after is not None
                    after = follower.after
                    seen += follower.told("sequence")
                    if time % 2:
                        follower.client.socket.transport.abort()
            return seen

        writing = asyncio.create_task(write())
        parts = await asyncio.gather(*(reconnect(20) for _ in range(5)))
        over.set()
        await writing
        stored = await numbers(store)
        for seen in parts:
            assert seen == stored[: len(seen)]
            async with following(http, LEAN, after=feed_cursor(len(seen))) as follower:
                await follower.until(len(stored) - len(seen))
                assert seen + follower.told("sequence") == stored
    await nothing_left()


async def test_rule_9_who_is_slow_is_told_to_come_again(
    store: Store, recorder: Recorder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_answers, "HELD_S", 0.2)
    platform = Platform(settings, store, recorder)
    seen: list[Json] = []
    async with aclosing(follow(Asked(Operation(LEAN, {}, None, False), OWNER, ""), platform)) as answers:
        assert (await anext(answers))["data"]["changes"]["nodes"] == []
        for number in range(10):
            await tell(store, *(f"{number}-{place}" for place in range(100)))
        last: Json = {}
        async for answer in answers:
            last = read_json(to_bytes(answer))
            if last["data"] is None:
                continue
            seen += last["data"]["changes"]["nodes"]
            await asyncio.sleep(0.15)
            await tell(store, "more")
    (error,) = last["errors"]
    assert error["extensions"]["code"] == "RESUME_REQUIRED"
    after = error["extensions"]["cursor"]
    assert after == feed_cursor(len(seen))
    stored = await numbers(store)
    assert len(seen) < len(stored)
    async with serving(platform) as http, following(http, LEAN, after=after) as follower:
        await follower.until(len(stored) - len(seen))
        assert [one["sequence"] for one in seen] + follower.told("sequence") == stored
    await nothing_left()


async def test_rule_9_who_never_reads_is_bounded_and_let_go(
    store: Store, recorder: Recorder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "SEND_S", 0.5)
    monkeypatch.setattr(endpoint, "CHECK_S", 0.05)
    monkeypatch.setattr(server, "UNTAKEN_S", 2)
    platform = Platform(settings, store, recorder)
    with capture_logs() as logs:
        await _not_read(platform, store, logs)
    await nothing_left()


async def _not_read(platform: Platform, store: Store, logs: list[Any]) -> None:
    long = "x" * 50_000
    async with serving(platform) as http, opened(http, max_queue=1, max_size=None) as client:
        await client.init()
        follower = await Follower(client).begin(LEAN.replace("sequence", "sequence customerId"))
        raw = client.socket.transport.get_extra_info("socket")
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        client.socket.transport.pause_reading()
        (ours,) = server_ends()
        held = [0]
        for number in range(12):
            # 12 MB in all, of which the server holds no more than one message and what the socket takes.
            await tell(store, *(f"{number}-{place}-{long}" for place in range(20)))
            held.append(ours.transport.get_write_buffer_size())
        assert max(held) <= 2 * MESSAGE_BYTES
        await nothing_left()
        assert platform.feed.followers == 0
        # For the clients that is a reason to come again.
        await until(lambda: [line["code"] for line in logs if line["event"] == "socket"] == [1013])
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1 << 20)
        client.socket.transport.resume_reading()
        # Of what was on its way some comes still; the farewell did not get through.
        with suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(2):
                while True:
                    await follower.batch()
        got = follower.told("sequence")
        stored = await numbers(store)
        assert len(stored) == 240
        assert got == stored[: len(got)]
        assert len(got) < len(stored)
        async with following(http, LEAN, after=follower.after) as again:
            await again.until(len(stored) - len(got))
            assert got + again.told("sequence") == stored


def server_ends() -> list[WebSocketsSansIOProtocol]:
    """The open sockets of the server in this process."""
    found = [one for one in gc.get_objects() if type(one) is WebSocketsSansIOProtocol]
    return [one for one in found if not one.transport.is_closing()]


async def test_a_follower_of_another_process_sees_it_well_within_a_second(
    stores: list[Store], rules: IdentityRules, settings: Settings
) -> None:
    """Two stores with a feed each, as two processes have; the one that reads is not woken by the one that writes."""
    platform = Platform(settings, stores[0], Recorder(stores[0], rules))
    loop = asyncio.get_running_loop()
    took_s = []
    async with serving(platform) as http, following(http, LEAN) as follower:
        for number in range(9):
            # As long as it takes until the reader is at its slowest.
            await asyncio.sleep(0.3 if number % 4 else 1.2)
            await tell(stores[1], str(number))
            began_s = loop.time()
            await follower.until(number + 1)
            took_s.append(loop.time() - began_s)
    assert sorted(took_s)[len(took_s) // 2] < 0.7
    assert (await standing(stores[0])).newest == 9
    await nothing_left()
