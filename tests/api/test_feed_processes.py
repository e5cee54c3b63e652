"""docs/subscriptions.md, rules 2 and 10: two real servers on one database; one is killed while it delivers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx
from websockets.exceptions import ConnectionClosed

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.read.feed import feed_cursor, read_changes
from graphcdp.store import Store
from tests.api.conftest import Caller, event, record
from tests.api.feeds import following

LEAN = "subscription($after: String) { changes(after: $after) { cursor nodes { sequence } } }"
START_S = 120
EVENTS = 60


@asynccontextmanager
async def served(
    neo4j: EmbeddedNeo4j, port: int
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """A server of its own, as a command runs it."""
    given = neo4j.connection
    environment = os.environ | {
        "GRAPHCDP_NEO4J_URI": given.uri,
        "GRAPHCDP_NEO4J_USER": given.user,
        "GRAPHCDP_NEO4J_PASSWORD": given.password,
        "GRAPHCDP_PORT": str(port),
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "graphcdp", "serve", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http, asyncio.timeout(START_S):
            while True:
                with suppress(httpx.TransportError):
                    if (await http.get("/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.2)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            yield running, http
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def numbers(store: Store) -> list[str]:
    found: list[str] = []
    while batch := await read_changes(store, len(found)):
        found += [str(one.seq) for one in batch]
    return found


async def test_two_processes_and_one_that_is_killed(
    neo4j: EmbeddedNeo4j, store: Store, unused_tcp_port_factory: Callable[[], int]
) -> None:
    ports = [unused_tcp_port_factory() for _ in range(2)]
    async with served(neo4j, ports[0]) as (_, writing):
        caller = Caller(writing, store)
        async with served(neo4j, ports[1]) as (process, reading):
            took_s = []
            loop = asyncio.get_running_loop()
            async with following(reading, LEAN) as follower:
                await record(caller, event("first"))
                await follower.until(3)
                for number in range(7):
                    await asyncio.sleep(0.6)
                    await record(caller, event(f"t{number}"))
                    began_s = loop.time()
                    await follower.until(4 + number)
                    took_s.append(loop.time() - began_s)
            assert sorted(took_s)[len(took_s) // 2] < 1

            async def write() -> None:
                for number in range(EVENTS):
                    await record(caller, event(f"k{number}"))

            more = asyncio.create_task(write())
            after = feed_cursor(0)
            with suppress(ConnectionClosed):
                async with following(reading, LEAN, after=after) as follower:
                    await follower.until(20)
                    process.send_signal(signal.SIGKILL)
                    await follower.until(1_000_000)
            seen = follower.told("sequence")
            assert follower.after is not None
            after = follower.after
        async with served(neo4j, ports[1]) as (_, reading):
            await more
            stored = await numbers(store)
            assert seen == stored[: len(seen)]
            async with following(reading, LEAN, after=after) as follower:
                await follower.until(len(stored) - len(seen))
                assert seen + follower.told("sequence") == stored
