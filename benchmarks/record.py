"""Messages recorded a second, with identity resolution, evidence and all that is kept, beside raw writes.

    python benchmarks/record.py [--messages N] [--rounds N] [--grow N] [--seconds S]

The raw ceiling is one UNWIND that creates the very nodes and edges that recording leaves, with the same
properties, for the driver alone: it finds the identifiers by their keys, and looks at nothing else. Both run in
turn on the embedded server, in batches of the same size, on the event loop that the server runs on, once Java has
compiled what it runs, which takes the first 120,000 messages. `known`: everybody has been seen before. `new`: each
message makes a customer with two identifiers.

Over HTTP, clients send one mutation with one event at a time: as many as can be, then at a tenth and at four
fifths of that, when a mutation is sent at its time whether or not the one before was answered.

--grow N records until there are N events, and prints the rate at each power of ten: whether the cost of an event
stays the same. Machines differ and are shared: quote the ratios.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from graphcdp import embedded
from graphcdp.app import settle_memory
from graphcdp.cli.loop import run_async
from graphcdp.embedded.ports import free_port
from graphcdp.model.connection import Connection
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store, Transaction

BATCH = 1000
PEOPLE = 5000
CLIENTS = 64
WARM_MESSAGES = 120_000
WARM_S = 20

Json = dict[str, Any]

RAW_KNOWN = """
UNWIND $batch.rows AS row
MATCH (i:Identifier {key: row.subject})
CREATE (e:Event)-[:BY]->(i)
SET e = row.properties, e.at = datetime.fromepoch(row.s, row.ns), e.receivedAt = $now"""
RAW_NEW = """
UNWIND $batch.rows AS row
CREATE (c:Customer), (i:Identifier:User)-[:IDENTIFIES {since: $now}]->(c),
       (d:Identifier:Device)-[:IDENTIFIES {since: $now}]->(c), (d)-[l:LINKED]->(i), (e:Event)-[:BY]->(i)
SET c = row.customer, i = row.user, d = row.device, l = row.link, e = row.properties, e.receivedAt = $now,
    c.createdAt = $now, c.updatedAt = $now,
    c.firstSeen = datetime.fromepoch(row.s, row.ns), c.lastSeen = datetime.fromepoch(row.s, row.ns),
    i.firstSeen = datetime.fromepoch(row.s, row.ns), i.lastSeen = datetime.fromepoch(row.s, row.ns),
    i.firstEventAt = datetime.fromepoch(row.s, row.ns), i.lastEventAt = datetime.fromepoch(row.s, row.ns),
    d.firstSeen = datetime.fromepoch(row.s, row.ns), d.lastSeen = datetime.fromepoch(row.s, row.ns),
    l.firstSeen = datetime.fromepoch(row.s, row.ns), l.lastSeen = datetime.fromepoch(row.s, row.ns),
    e.at = datetime.fromepoch(row.s, row.ns)"""


def message(label: str, n: int, person: str, device: str) -> Json:
    """An event of a page that was viewed, by two identifiers."""
    return {
        "id": f"{label}-{n}",
        "name": "Page Viewed",
        "identifiers": [("user", person), ("device", device)],
        "properties": {"path": f"/page/{n % 97}", "n": n},
    }


def known(label: str, count: int) -> list[Json]:
    """Messages of the same few thousand people."""
    return [message(label, n, f"u{n % PEOPLE}", f"d{n % (PEOPLE * 2)}") for n in range(count)]


def new(label: str, count: int) -> list[Json]:
    """Messages each of somebody else."""
    return [message(label, n, f"{label}u{n}", f"{label}d{n}") for n in range(count)]


def raw_row(one: Json, is_new: bool) -> Json:
    """A row that makes what recording the message leaves."""
    (_, user), (_, device) = one["identifiers"]
    seconds, fraction = divmod(time.time_ns(), 1_000_000_000)
    row: Json = {
        "subject": f"user:{user}",
        "s": seconds,
        "ns": fraction,
        "properties": {
            **{f"properties.{name}": value for name, value in one["properties"].items()},
            "subject": f"user:{user}",
            "id": one["id"],
            "source": "api",
            "identifiers": [f"user:{user}", f"device:{device}"],
            "name": one["name"],
            "json": orjson.dumps(one["properties"]).decode(),
            "context": "{}",
        },
    }
    if is_new:
        row["customer"] = {
            "id": f"cus_{one['id']}",
            "identifiers": 2,
            "count.user": 1,
            "count.device": 1,
            "traits": "{}",
            "traitTimes": "{}",
        }
        for kind, value in one["identifiers"]:
            named = {"key": f"{kind}:{value}", "id": f"idn_{kind}{one['id']}", "kind": kind, "value": value}
            row[kind] = {**named, "sources": ["api"]}
        row["link"] = {"id": f"lnk_{one['id']}", "count": 1, "source": "api", "event": one["id"]}
    return row


async def ours(recorder: Recorder, messages: list[Json]) -> float:
    """Messages a second."""
    started = time.perf_counter()
    outcomes = await recorder.record(messages)
    took = time.perf_counter() - started
    assert {outcome.status.value for outcome in outcomes} == {"RECORDED"}
    return len(messages) / took


async def raw(store: Store, messages: list[Json], text: str) -> float:
    """Messages a second; rows are made before the time is taken."""
    rows = [raw_row(one, text is RAW_NEW) for one in messages]
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        part = Statement(text, {"batch": {"rows": rows[start : start + BATCH]}, "now": datetime.now(UTC)})

        async def write(tx: Transaction, part: Statement = part) -> None:
            await tx.run_generated(part)

        await store.transact(write)
    return len(messages) / (time.perf_counter() - started)


async def compare(store: Store, recorder: Recorder, count: int, rounds: int) -> None:
    """Print ours beside the ceiling, for known and for new customers."""
    print(f"{'batches of ' + str(BATCH):16} {'recorded/s':>12} {'ceiling/s':>12} {'ratio':>6}")
    for kind, make, text in (("known", known, RAW_KNOWN), ("new", new, RAW_NEW)):
        make_messages: Callable[[str, int], list[Json]] = make
        await ours(recorder, make_messages(f"{kind}w", WARM_MESSAGES))
        await raw(store, make_messages(f"{kind}rw", WARM_MESSAGES), text)
        turns = [
            (
                await ours(recorder, make_messages(f"{kind}o{turn}", count)),
                await raw(store, make_messages(f"{kind}r{turn}", count), text),
            )
            for turn in range(rounds)
        ]
        middle = [statistics.median(of) for of in zip(*turns, strict=True)]
        ratio = statistics.median(one / other for one, other in turns)
        print(f"{kind:16} {middle[0]:12,.0f} {middle[1]:12,.0f} {ratio:6.2f}", flush=True)


async def grow(recorder: Recorder, most: int) -> None:
    """Record until there are so many events; the rate of the last tenth before each power of ten."""
    print(f"{'events':>12} {'recorded/s':>12}")
    count, step = 0, 10_000
    while count < most:
        target = min(most, 10 ** (len(str(count)) if count >= step else 5))
        while count < target:
            began = time.perf_counter()
            part = [
                message("grow", n, f"g{n * 7919 % (most // 50)}", f"h{n * 104729 % (most // 25)}")
                for n in range(count, count + step)
            ]
            await recorder.record(part)
            count += step
            rate = step / (time.perf_counter() - began)
        print(f"{count:12,} {rate:12,.0f}", flush=True)


@dataclass(frozen=True, slots=True)
class Latency:
    """Mutations a second, and how long single ones took."""

    rate: float
    p50_ms: float
    p99_ms: float


MUTATION = """mutation($input: EventInput!) { recordEvent(input: $input) { status } }"""


class Sender:
    """Connections that send one mutation at a time each."""

    def __init__(self, port: int, label: str) -> None:
        self._port = port
        self._label = label
        self._numbers: Iterator[int] = iter(range(10**9))

    def _request(self) -> bytes:
        n = next(self._numbers)
        event = {
            "eventId": f"{self._label}-{n}",
            "name": "Page Viewed",
            "identifiers": [{"userId": f"u{n % PEOPLE}"}, {"deviceId": f"d{n % (PEOPLE * 2)}"}],
            "properties": {"path": f"/page/{n % 97}", "n": n},
        }
        body = orjson.dumps({"query": MUTATION, "variables": {"input": event}})
        head = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._request())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        at = head.index(b"content-length: ") + 16
        answer = await reader.readexactly(int(head[at : head.index(b"\r", at)]))
        assert b'"RECORDED"' in answer, answer

    async def closed(self, seconds: float) -> Latency:
        """As many as can be: each of the clients sends its next one when it is answered."""
        times: list[float] = []
        until = time.perf_counter() + seconds

        async def client() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            while time.perf_counter() < until:
                began = time.perf_counter()
                await self._ask(reader, writer)
                times.append(time.perf_counter() - began)
            writer.close()

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return _latency(times, time.perf_counter() - began)

    async def open(self, rate: float, seconds: float) -> Latency:
        """One each 1/rate seconds; a time counts from when it was due."""
        times: list[float] = []
        idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        for _ in range(CLIENTS):
            idle.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))

        async def one(due: float) -> None:
            connection = await idle.get()
            await self._ask(*connection)
            times.append(time.perf_counter() - due)
            idle.put_nowait(connection)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as sending:
            for n in range(int(rate * seconds)):
                due = began + n / rate
                await asyncio.sleep(max(0, due - time.perf_counter()))
                sending.create_task(one(due))
        took = time.perf_counter() - began
        while not idle.empty():
            idle.get_nowait()[1].close()
        return _latency(times, took)


def _latency(times: list[float], took: float) -> Latency:
    times.sort()
    return Latency(len(times) / took, 1000 * statistics.median(times), 1000 * times[int(len(times) * 0.99)])


async def single(connection: Connection, seconds: float) -> None:
    """Print what single mutations over HTTP reach."""
    port = free_port(None)
    environment = {
        **os.environ,
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
        "GRAPHCDP_PORT": str(port),
    }
    serving = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "graphcdp", "serve", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.1)
        sender = Sender(port, f"single{time.time_ns()}")
        await sender.closed(WARM_S)
        print(f"{'single mutations':16} {'a second':>12} {'p50 ms':>12} {'p99 ms':>8}")
        top = await sender.closed(seconds)
        for name, found in (
            ("as many as can be", top),
            ("at 10 % of that", await sender.open(top.rate * 0.1, seconds)),
            ("at 80 % of that", await sender.open(top.rate * 0.8, seconds)),
        ):
            print(f"{name:16} {found.rate:12,.0f} {found.p50_ms:12.1f} {found.p99_ms:8.1f}", flush=True)
    finally:
        serving.terminate()
        await serving.wait()


async def main(options: argparse.Namespace) -> None:
    """Measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.to_thread(
            embedded.start, Path(folder), cache_dir=Settings.load().cache_dir, heap_max="2g", page_cache="2g"
        )
        try:
            async with await Store.open(server.connection) as store:
                await store.migrate()
                recorder = Recorder(store, IdentityRules(), batch_max=BATCH)
                settle_memory()
                if options.grow:
                    await grow(recorder, options.grow)
                else:
                    await compare(store, recorder, options.messages, options.rounds)
                    await single(server.connection, options.seconds)
        finally:
            await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load over HTTP")
    parser.add_argument("--grow", type=int, default=0, help="instead: record so many events, and see the rate")
    run_async(main(parser.parse_args()))
