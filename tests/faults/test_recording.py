"""The server, then the database, are killed while messages come in and changes go out.

What was acknowledged is there, and nothing twice; who follows the feed, coming
back with the cursor, gets each change once, in order. Clients judge: each keeps
what it sent and what it was told. A batch without an answer is sent again with
the same ids until there is one.
"""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException

from graphcdp import embedded
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.embedded.ports import free_port
from graphcdp.model.connection import Connection
from graphcdp.model.statement import Statement
from graphcdp.read.feed import feed_cursor, standing
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.live import opened

KILLS = 10
CLIENTS = 4
LISTENERS = 3
BATCH = 5
PEOPLE = 60
SEED = 20261125

RECORD = """mutation($events: [EventInput!]!) { recordEvents(input: {events: $events}) {
    results { eventId status } } }"""
FOLLOW = "subscription($after: String) { changes(after: $after) { cursor nodes { sequence } } }"
STORED = Statement("MATCH (e:Event) RETURN e.id AS id, COUNT { (e)-[:BY]->(:Identifier) } AS hangs")
OWNERS = Statement("MATCH (i:Identifier) RETURN i.key AS key, COUNT { (i)-[:IDENTIFIES]->(:Customer) } AS owners")
TAKEN = ("RECORDED", "DUPLICATE")


class Client:
    """Sends batches one after another until it is told to stop; each one until it has an answer."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._url = url
        self._chance = random.Random(f"{SEED}-{name}")
        self.acknowledged: list[str] = []
        self.unanswered = 0
        self.stopping = False

    async def run(self) -> None:
        """Send; no answer, or one that says to come back, is a reason to send the same again."""
        number = 0
        async with httpx.AsyncClient(timeout=10) as http:
            while not self.stopping:
                events = [self._event(number + place) for place in range(BATCH)]
                number += BATCH
                while not await self._told(http, events):
                    self.unanswered += 1
                    await asyncio.sleep(0.05)

    def _event(self, number: int) -> dict[str, Any]:
        person = self._chance.randrange(PEOPLE)
        return {
            "eventId": f"{self._name}-{number}",
            "name": "Seen",
            "identifiers": [{"userId": f"u{person}"}, {"deviceId": f"d{person}-{self._chance.randrange(3)}"}],
            "properties": {"n": number},
        }

    async def _told(self, http: httpx.AsyncClient, events: list[dict[str, Any]]) -> bool:
        try:
            response = await http.post(self._url, json={"query": RECORD, "variables": {"events": events}})
        except httpx.HTTPError:
            return False
        answer = response.json()
        if response.status_code != 200 or answer.get("errors"):
            return False
        results = answer["data"]["recordEvents"]["results"]
        assert all(result["status"] in TAKEN for result in results), results
        self.acknowledged += [result["eventId"] for result in results]
        return True


class Listener:
    """Follows the feed from its beginning, and comes back with its cursor whenever it ends."""

    def __init__(self, port: int) -> None:
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
        self._after = feed_cursor(0)
        self.seen: list[int] = []
        self.begun = 0

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(OSError, TimeoutError, WebSocketException):
                async with opened(self._http, max_size=None) as client:
                    await client.init()
                    await client.subscribe(FOLLOW, after=self._after)
                    self.begun += 1
                    while self._take(await client.receive()):
                        pass
            await asyncio.sleep(0.05)

    def _take(self, message: dict[str, Any]) -> bool:
        """Whether to go on listening."""
        if message["type"] == "ping":
            return True
        if message["type"] != "next" or "errors" in message["payload"]:
            return False
        batch = message["payload"]["data"]["changes"]
        self._after = batch["cursor"]
        self.seen += [int(one["sequence"]) for one in batch["nodes"]]
        return True


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedNeo4j]:
    """A database that may be killed."""
    yield _started(tmp_path)
    embedded.stop(tmp_path / "data")


def _started(folder: Path) -> EmbeddedNeo4j:
    return embedded.start(
        folder / "data", cache_dir=Settings.load().cache_dir, heap_max="512m", page_cache="64m", keep=True
    )


async def _serve(connection: Connection, port: int) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
        "GRAPHCDP_PORT": str(port),
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "graphcdp", "serve", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    await _until_ready(port)
    return running


async def _until_ready(port: int) -> None:
    async with asyncio.timeout(120), httpx.AsyncClient() as http:
        while True:
            with suppress(httpx.HTTPError):
                if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def _gone(pid: int) -> None:
    """Return when no process has this id any more."""
    async with asyncio.timeout(20):
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def _listeners(port: int, connection: Connection, *, are_cut: bool) -> AsyncIterator[None]:
    """Listeners who follow meanwhile; at the end each has got each change once, in order.

    are_cut: whether each loses its connection. When the database is killed only those do for whom it is reading.
    """
    listeners = [Listener(port) for _ in range(LISTENERS)]
    tasks = [asyncio.create_task(one.run()) for one in listeners]
    try:
        yield
        async with await Store.open(connection) as store:
            newest = (await standing(store)).newest
        async with asyncio.timeout(60):
            while any(len(one.seen) < newest for one in listeners):  # noqa: ASYNC110  # they tell nobody
                await asyncio.sleep(0.05)
    finally:
        for task in tasks:
            task.cancel()
    assert all(one.seen == list(range(1, newest + 1)) for one in listeners)
    assert not are_cut or all(one.begun > 1 for one in listeners), "somebody never lost a connection"


@asynccontextmanager
async def _clients(port: int) -> AsyncIterator[list[Client]]:
    """Clients that send meanwhile; at the end each has been answered."""
    clients = [Client(f"c{n}", f"http://127.0.0.1:{port}/graphql") for n in range(CLIENTS)]
    async with asyncio.TaskGroup() as sending:
        for client in clients:
            sending.create_task(client.run())
        try:
            yield clients
        finally:
            for client in clients:
                client.stopping = True


async def _judged(connection: Connection, clients: list[Client]) -> None:
    acknowledged = [one for client in clients for one in client.acknowledged]
    assert any(client.unanswered for client in clients), "nothing was ever in the way"
    async with await Store.open(connection) as store:
        stored = await store.read_generated(STORED)
        owners = await store.read_generated(OWNERS)
    assert Counter(row["id"] for row in stored) == Counter(acknowledged)
    assert {row["hangs"] for row in stored} == {1}
    assert {row["owners"] for row in owners} == {1}


@pytest.mark.timeout(600)
async def test_the_server_is_killed(database: EmbeddedNeo4j) -> None:
    chance, port = random.Random(SEED), free_port(None)
    running = await _serve(database.connection, port)
    try:
        async with _listeners(port, database.connection, are_cut=True), _clients(port) as clients:
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.1, 0.5))
                running.kill()
                await running.wait()
                running = await _serve(database.connection, port)
    finally:
        running.kill()
        await running.wait()
    await _judged(database.connection, clients)


@pytest.mark.timeout(600)
async def test_the_database_is_killed(database: EmbeddedNeo4j, tmp_path: Path) -> None:
    chance, port = random.Random(SEED + 1), free_port(None)
    connection = database.connection
    running = await _serve(connection, port)
    try:
        async with _listeners(port, connection, are_cut=False), _clients(port) as clients:
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.3, 1.0))
                os.kill(database.pid, signal.SIGKILL)
                await _gone(database.pid)
                database = await asyncio.to_thread(_started, tmp_path)
                assert database.connection == connection
                await _until_ready(port)
            await asyncio.sleep(0.5)
    finally:
        running.terminate()
        await running.wait()
    await _judged(connection, clients)
