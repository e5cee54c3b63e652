"""The reference clients of graphql-transport-ws and graphql-sse, and Python's gql, follow the feed and come again."""

import asyncio

import orjson
from gql import Client, GraphQLRequest
from gql.transport.websockets import WebsocketsTransport

from graphcdp.app import Platform
from graphcdp.read.feed import feed_cursor
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.clients import installed, node
from tests.api.conftest import serving
from tests.api.live import nothing_left

COUNT = 60
FOLLOW = """subscription Follow($after: String) { changes(after: $after) { cursor nodes {
  sequence kind customer { displayName } } } }"""


async def write(recorder: Recorder) -> None:
    """More than they wait for, one after another."""
    for number in range(COUNT):
        await recorder.record([{"id": f"e{number}", "name": "Visit", "identifiers": [("user", "u1")]}])
        await asyncio.sleep(0.01)


async def test_javascript_clients_leave_and_come_again(store: Store, recorder: Recorder) -> None:
    folder = await asyncio.to_thread(installed)
    _, key = await create_key(store, "client", ["read", "pii"], utc_now())
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        running = await asyncio.create_subprocess_exec(
            node(),
            folder / "changes.mjs",
            str(http.base_url.join("/graphql")),
            key,
            feed_cursor(0),
            str(COUNT),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        writing = asyncio.create_task(write(recorder))
        try:
            async with asyncio.timeout(120):
                out, err = await running.communicate()
        finally:
            if running.returncode is None:
                running.kill()
        await writing
    assert running.returncode == 0, err.decode()
    await nothing_left()
    for told in orjson.loads(out).values():
        assert told["seen"] == list(range(1, len(told["seen"]) + 1))
        assert len(told["seen"]) >= COUNT
        assert told["times"] > 1
        assert told["customers"] == ["u1"]


async def test_gql_leaves_and_comes_again(store: Store, recorder: Recorder) -> None:
    _, key = await create_key(store, "client", ["read", "pii"], utc_now())
    seen: list[int] = []
    after = feed_cursor(0)
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        address = str(http.base_url.join("/graphql")).replace("http", "ws", 1)
        writing = asyncio.create_task(write(recorder))
        while len(seen) < COUNT:
            transport = WebsocketsTransport(
                address, init_payload={"authorization": f"Bearer {key}"}, connect_args={"proxy": None}
            )
            until = len(seen) + 20
            async with asyncio.timeout(60), Client(transport=transport) as session:
                async for told in session.subscribe(GraphQLRequest(FOLLOW, variable_values={"after": after})):
                    seen += [int(one["sequence"]) for one in told["changes"]["nodes"]]
                    assert {one["customer"]["displayName"] for one in told["changes"]["nodes"]} <= {"u1"}
                    after = told["changes"]["cursor"]
                    if len(seen) >= until:
                        break
        await writing
    assert seen == list(range(1, len(seen) + 1))
    await nothing_left()
