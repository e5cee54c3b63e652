"""The feed: from acknowledgement to delivery, idle subscribers, and what recording loses to it.

    python benchmarks/feed.py [--rate 1000] [--seconds 10] [--subscribers 20] [--idle 2000] [--messages 20000]

Two servers run on one embedded database, and beside them one that fans the same messages out without a graph, all in
processes of their own. This process records by HTTP and has the subscribers' sockets, so its own work is in all
figures; clocks are one machine's.
"""

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import uvicorn
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from graphcdp import embedded
from graphcdp.api import live
from graphcdp.api.http import build_app
from graphcdp.api.server import Server
from graphcdp.app import feed_of, open_platform
from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store, Transaction

PEOPLE = 2000
BATCH = 20
"""Events in a request."""
ROUNDS = 5
PROTOCOL = Subprotocol("graphql-transport-ws")
RECORD = "mutation($e: [EventInput!]!) { recordEvents(input: {events: $e}) { recorded } }"
FOLLOW = """subscription { changes(kinds: [EVENT]) { cursor nodes { sequence customer { id displayName }
  ... on EventRecorded { event { id } } } } }"""
IDLE = """subscription { changes(kinds: [ERASED]) { cursor nodes { sequence customer { id displayName } } } }"""


@dataclass
class Taken:
    """When events were acknowledged, and how long after that each subscriber had them, in seconds."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    had: list[tuple[str, float]] = field(default_factory=list)

    def waits_s(self) -> list[float]:
        return sorted(max(0.0, at - self.acknowledged[event]) for event, at in self.had if event in self.acknowledged)


def percentile(sorted_s: list[float], share: float) -> str:
    return f"{sorted_s[min(len(sorted_s) - 1, int(len(sorted_s) * share))] * 1000:8.1f}" if sorted_s else "       -"


# --- servers ---


async def serve_graph(port: int) -> None:
    """A server of ours."""
    # They come all at once here.
    live.UNKNOWN_MAX = 10_000
    async with open_platform(Settings.load()) as platform:
        await Server(build_app(platform), host="127.0.0.1", port=port).serve()


async def serve_plain(port: int) -> None:
    """Takes the same requests, and hands each event to every socket at once."""
    open_now: set[WebSocket] = set()

    async def record(request: Request) -> JSONResponse:
        events = json.loads(await request.body())["variables"]["e"]
        nodes = [
            {
                "sequence": "1",
                "customer": {"id": "cus_" + "0" * 26, "displayName": "u"},
                "event": {"id": f"evt_{one['eventId']}"},
            }
            for one in events
        ]
        payload = {"data": {"changes": {"cursor": "c" * 24, "nodes": nodes}}}
        text = json.dumps({"type": "next", "id": "1", "payload": payload})
        await asyncio.gather(*(one.send_text(text) for one in open_now), return_exceptions=True)
        return JSONResponse({})

    async def follow(socket: WebSocket) -> None:
        await socket.accept(subprotocol=PROTOCOL)
        with suppress(WebSocketDisconnect):
            await socket.receive_text()
            await socket.send_text('{"type": "connection_ack"}')
            await socket.receive_text()
            open_now.add(socket)
            await socket.send_text('{"type": "next", "payload": {"data": {"changes": {"nodes": []}}}}')
            await socket.receive_text()
        open_now.discard(socket)

    async def ready(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ready")

    routes = [
        Route("/graphql", record, methods=["POST"]),
        Route("/readyz", ready),
        WebSocketRoute("/graphql", follow),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=port, log_level="error", ws="websockets-sansio")
    await uvicorn.Server(config).serve()


def process(kind: str, port: int, environment: dict[str, str]) -> AbstractAsyncContextManager[psutil.Process]:
    """A server of a kind in a process of its own, ready."""
    return serving((sys.executable, __file__, "--serve", kind, "--port", str(port)), port, environment)


# --- clients ---


@asynccontextmanager
async def subscribed(port: int, document: str) -> AsyncIterator[ClientConnection]:
    address = f"ws://127.0.0.1:{port}/graphql"
    async with connect(address, subprotocols=[PROTOCOL], proxy=None, max_size=None, compression=None) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": document}}))
        await socket.recv()
        yield socket


async def take(socket: ClientConnection, taken: Taken) -> None:
    while True:
        message = json.loads(await socket.recv())
        at = time.monotonic()
        for one in message["payload"]["data"]["changes"]["nodes"]:
            # Null while the database is too cold to answer in time.
            if one["event"] is not None:
                taken.had.append((one["event"]["id"], at))


async def deliver(write_port: int, read_port: int, rate: int, seconds: float, subscribers: int, label: str) -> Taken:
    """Record at a rate, and see when each subscriber has what was acknowledged."""
    taken = Taken()
    limits = httpx.Limits(max_connections=50)
    async with AsyncExitStack() as held, httpx.AsyncClient(timeout=60, limits=limits) as http:
        sockets = [await held.enter_async_context(subscribed(read_port, FOLLOW)) for _ in range(subscribers)]
        taking = [asyncio.create_task(take(socket, taken)) for socket in sockets]

        async def record(number: int) -> None:
            names = [f"{label}{number}-{place}" for place in range(BATCH)]
            events = [
                {"eventId": name, "name": "Seen", "identifiers": [{"userId": f"u{(number * BATCH + place) % PEOPLE}"}]}
                for place, name in enumerate(names)
            ]
            body = {"query": RECORD, "variables": {"e": events}}
            (await http.post(f"http://127.0.0.1:{write_port}/graphql", json=body)).raise_for_status()
            at = time.monotonic()
            taken.acknowledged |= {f"evt_{name}": at for name in names}

        recording = []
        began_s = time.monotonic()
        for number in range(int(rate * seconds / BATCH)):
            await asyncio.sleep(max(0.0, began_s + number * BATCH / rate - time.monotonic()))
            recording.append(asyncio.create_task(record(number)))
        await asyncio.gather(*recording)
        expected = len(taken.acknowledged) * subscribers
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while len(taken.had) < expected:  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0.05)
        for task in taking:
            task.cancel()
        await asyncio.gather(*taking, return_exceptions=True)
    if len(taken.had) != expected:
        print(f"  {label}: {len(taken.had)} of {expected} were delivered")
    return taken


async def idle(port: int, server: psutil.Process, count: int) -> float:
    """KiB of the server's memory for each subscriber with a socket of its own."""
    before = server.memory_info().rss
    async with AsyncExitStack() as held:
        for _ in range(count):
            await held.enter_async_context(subscribed(port, IDLE))
        await asyncio.sleep(1)
        return (server.memory_info().rss - before) / count / 1024


# --- recording ---


async def recorded(store: Store, count: int, label: str) -> float:
    """Messages a second."""
    batch = [
        {
            "id": f"{label}-{n}",
            "name": "Page Viewed",
            "identifiers": [("user", f"u{n % PEOPLE}"), ("device", f"d{n % PEOPLE}")],
        }
        for n in range(count)
    ]
    recorder = Recorder(store, IdentityRules())
    began = time.perf_counter()
    await recorder.record(batch)
    return count / (time.perf_counter() - began)


async def recording(store: Store, count: int) -> dict[str, float]:
    """Messages a second without the feed, with it, and with somebody who follows, in turn; medians."""
    tell: Callable[..., None] = Transaction.tell
    found: dict[str, list[float]] = {"without": [], "with": [], "followed": []}
    feed = feed_of(store)

    async def follow() -> None:
        async with aclosing(feed.follow()) as batches:
            async for _ in batches:
                pass

    for number in range(10):
        with suppress(DatabaseTimeoutError):
            await recorded(store, 100, f"warm{number}")
    for number in range(ROUNDS):
        Transaction.tell = lambda *_: None  # type: ignore[method-assign]  # the feed cannot be turned off otherwise
        try:
            found["without"].append(await recorded(store, count, f"a{number}"))
        finally:
            Transaction.tell = tell  # type: ignore[method-assign]
        found["with"].append(await recorded(store, count, f"b{number}"))
        following = asyncio.create_task(follow())
        await asyncio.sleep(0.1)
        found["followed"].append(await recorded(store, count, f"c{number}"))
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    return {name: statistics.median(values) for name, values in found.items()}


def row(name: str, taken: Taken) -> None:
    waits_s = taken.waits_s()
    print(f"  {name:<36} {percentile(waits_s, 0.5)} {percentile(waits_s, 0.99)} {len(waits_s):>10}")


async def main(given: Any) -> None:
    ports = [given.port + place for place in range(3)]
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.start(Path(folder), cache_dir=Settings.load().cache_dir) as database,
    ):
        there = database.connection
        environment = {
            "GRAPHCDP_NEO4J_URI": there.uri,
            "GRAPHCDP_NEO4J_USER": there.user,
            "GRAPHCDP_NEO4J_PASSWORD": there.password,
        }
        async with await Store.open(there) as store:
            await store.migrate()
            speed = await recording(store, given.messages)
        async with (
            process("graph", ports[0], environment) as server,
            process("graph", ports[1], environment),
            process("plain", ports[2], {}),
        ):
            shape = (given.rate, given.seconds, given.subscribers)
            # What is asked for the first time is planned and compiled first.
            await deliver(ports[0], ports[0], min(given.rate, 200), 3, 1, "warm")
            await deliver(ports[0], ports[1], min(given.rate, 200), 3, 1, "warmer")
            print(
                f"{given.rate} events/s for {given.seconds} s, {given.subscribers} subscribers; ms from acknowledgement"
            )
            print(f"  {'':<36} {'p50':>8} {'p99':>8} {'delivered':>10}")
            row("in one process", await deliver(ports[0], ports[0], *shape, "one"))
            row("across processes", await deliver(ports[0], ports[1], *shape, "two"))
            row("plain messages, no graph", await deliver(ports[2], ports[2], *shape, "none"))
            each = await idle(ports[0], server, given.idle)
            print(f"{given.idle} idle subscribers, a socket each: {each:.1f} KiB of the server's memory each")
        plain = speed["without"]
        print(f"recorded/s without the feed {plain:.0f}")
        print(f"  with it                   {speed['with']:.0f} ({speed['with'] / plain:.2f})")
        print(f"  with it, and followed     {speed['followed']:.0f} ({speed['followed'] / plain:.2f})")


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000) if hard > 0 else 20_000, hard))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--subscribers", type=int, default=20)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--port", type=int, default=8710)
    parser.add_argument("--serve", choices=("graph", "plain"))
    options = parser.parse_args()
    match options.serve:
        case "graph":
            asyncio.run(serve_graph(options.port))
        case "plain":
            asyncio.run(serve_plain(options.port))
        case _:
            asyncio.run(main(options))
