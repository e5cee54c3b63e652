"""Live segments: what they cost recording, how soon one enters and leaves, and what whole-base work takes.

    python benchmarks/segments.py [--customers 100000] [--messages 20000] [--rate 1000] [--seconds 10] [--only PART]

Parts: `recording` (events a second with 0, 50 and 500 live segments), `moving` (from an event's acknowledgement to
the membership in the feed, and from the moment at which a window ends to the leaving, both while events come at a
rate, by HTTP, with 50 live segments), `whole` (preview and full computation over all customers, beside
Cypher that is written by hand for the same rule). All on the embedded database; machines differ: quote the ratios.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet
from feed import PROTOCOL
from neo4j import AsyncGraphDatabase
from serving import serving
from websockets.asyncio.client import ClientConnection, connect

from graphcdp import embedded
from graphcdp.app import settle_memory
from graphcdp.bulk import load
from graphcdp.embedded import admin
from graphcdp.model.connection import Connection
from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.read.segments import count_meeting, estimate_meeting
from graphcdp.record.clock import utc_now
from graphcdp.record.files import RowFile
from graphcdp.record.mapping import build_mapping
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_builds import build_waiting
from graphcdp.record.segment_edits import create_segment
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from graphcdp.store.neo4j import read_timeout_s

PEOPLE = 2000
NAMES = 25
BATCH = 20
"""Events in a request."""
ROUNDS = 3
AGE = timedelta(hours=1)
BEFORE = 50_000
"""Events that are there when customers begin to move."""

Json = dict[str, Any]


# --- rules ---


def rules(number: int) -> list[Json]:
    """So many rules: half count events in a window, a fifth look at traits, the others at several things."""
    found: list[Json] = []
    for n in range(number):
        name = f"Viewed {n % NAMES}"
        trait = {"trait": {"path": f"score{n % NAMES}", "is": {"gte": n % 7}}}
        often = {
            "did": {
                "event": {"name": name},
                "during": {"within": f"P{7 + n % 60}D"},
                "times": {"atLeast": 3 + n % 20},
            }
        }
        match n % 10:
            case 0 | 1 | 2 | 3 | 4:
                found.append(often)
            case 5 | 6:
                found.append(trait)
            case 7 | 8:
                found.append({"all": [trait, often]})
            case _:
                found.append({"all": [{"lastSeen": {"within": "P30D"}}, {"hasIdentifier": "email"}]})
    return found


async def with_segments(store: Store, number: int) -> None:
    """Bring the number of live segments up to this; they were made an hour ago: new ones are looked through twice."""
    there = (await store.read_generated(Statement("MATCH (s:Segment) RETURN count(s) AS total")))[0]["total"]
    for n, rule in list(enumerate(rules(number)))[there:]:
        await create_segment(store, f"bench_{n}", f"Bench {n}", None, parse_predicate(rule), utc_now() - AGE)


# --- recording ---


def messages(label: str, count: int) -> list[Json]:
    """Events of known people under many names; one in twenty states a trait."""
    return [
        {
            "id": f"{label}-{n}",
            "name": f"Viewed {n % NAMES}",
            "identifiers": [("user", f"u{n * 7 % PEOPLE}"), ("device", f"d{n * 7 % PEOPLE}")],
            "properties": {"path": f"/page/{n % 97}", "n": n},
            **({"traits": {f"score{n % NAMES}": n % 11}} if n % 20 == 0 else {}),
        }
        for n in range(count)
    ]


async def recorded(store: Store, label: str, count: int) -> float:
    """Messages a second."""
    batch = messages(label, count)
    recorder = Recorder(store, IdentityRules(), batch_max=1000)
    began = time.perf_counter()
    outcomes = await recorder.record(batch)
    took = time.perf_counter() - began
    assert {outcome.status.value for outcome in outcomes} == {"RECORDED"}
    return count / took


async def recording(store: Store, count: int) -> None:
    """Print messages a second by the number of live segments."""
    print(f"{'live segments':>14} {'recorded/s':>12} {'ratio':>6}")
    for n in range(8):
        with suppress(DatabaseTimeoutError):
            await recorded(store, f"warm{n}", 2000)
    none = 0.0
    for number in (0, 50, 500):
        await with_segments(store, number)
        await recorded(store, f"w{number}", 5000)
        rate = statistics.median([await recorded(store, f"r{number}-{turn}", count) for turn in range(ROUNDS)])
        none = none or rate
        print(f"{number:>14} {rate:>12,.0f} {rate / none:>6.2f}", flush=True)


# --- entering and leaving ---

WINDOW_S = 5
RECORD = "mutation($e: [EventInput!]!) { recordEvents(input: {events: $e}) { recorded } }"
FOLLOW = """subscription { changes(kinds: [ENTERED, EXITED]) { nodes { __typename customer { displayName }
  ... on SegmentMove { segmentKey } } } }"""


@dataclass
class Moved:
    """Seconds of time.time(): when an event's request was sent and answered, and its customer entered and left."""

    at: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    entered: dict[str, float] = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)


async def follow(socket: ClientConnection, moved: Moved) -> None:
    """Take who enters and leaves as it comes."""
    while True:
        message = json.loads(await socket.recv())
        now = time.time()
        for one in (message.get("payload") or {}).get("data", {}).get("changes", {}).get("nodes", ()):
            if one["segmentKey"] != "lately" or one["customer"] is None:
                continue
            into = moved.entered if one["__typename"] == "SegmentEntered" else moved.left
            if one["customer"]["displayName"] in moved.at:
                into.setdefault(one["customer"]["displayName"], now)


async def moving(store: Store, connection: Connection, rate: int, seconds: float, port: int) -> None:
    """Print how soon who did something is in the segment of it, and out of it when its window ends."""
    # On a graph that soon is several times as large the database would plan everything anew meanwhile.
    await recorded(store, "before", BEFORE)
    await with_segments(store, 50)
    lately = {"did": {"event": {"name": "Signed Up"}, "during": {"within": f"PT{WINDOW_S}S"}}}
    await create_segment(store, "lately", "Lately", None, parse_predicate(lately), utc_now() - AGE)
    await build_waiting(store, utc_now())
    environment = {
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
    }
    address = f"ws://127.0.0.1:{port}/graphql"
    command = (sys.executable, "-m", "graphcdp", "serve", "--port", str(port))
    async with serving(command, port, environment), httpx.AsyncClient(timeout=60) as http:
        await until_recording(http, port)
        for label, length, speed in (("warm", 10.0, 200), ("warmer", 10.0, rate), ("measured", seconds, rate)):
            moved = Moved()
            async with connect(address, subprotocols=[PROTOCOL], proxy=None, max_size=None) as socket:
                await socket.send('{"type": "connection_init"}')
                await socket.recv()
                await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}}))
                following = asyncio.create_task(follow(socket, moved))
                await send(http, port, speed, length, label, moved)
                with suppress(TimeoutError):
                    async with asyncio.timeout(WINDOW_S + 40):
                        while len(moved.left) < len(moved.at):  # noqa: ASYNC110  # nobody tells
                            await asyncio.sleep(0.1)
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
    print(f"{rate} events/s for {seconds} s, 51 live segments; ms      p50      p99        n")
    row("from sending the event to entering", [moved.entered[one] - moved.at[one] for one in moved.entered])
    row("  of it until it was acknowledged", [moved.answered[one] - moved.at[one] for one in moved.answered])
    row("from the window's end to leaving", [moved.left[one] - moved.at[one] - WINDOW_S for one in moved.left])
    print(f"  {len(moved.at)} events that move somebody; entered {len(moved.entered)}, left {len(moved.left)}")


async def until_recording(http: httpx.AsyncClient, port: int) -> None:
    """Return when the database has planned what recording takes, so that an event is answered soon."""
    event = {"name": "Started", "identifiers": [{"userId": "u0"}]}
    took_s = 1.0
    while took_s > 0.5:
        began = time.monotonic()
        await http.post(f"http://127.0.0.1:{port}/graphql", json={"query": RECORD, "variables": {"e": [event]}})
        took_s = time.monotonic() - began


async def send(http: httpx.AsyncClient, port: int, rate: int, seconds: float, label: str, moved: Moved) -> None:
    """Events at a rate; one in twenty is of somebody new, who enters."""

    async def record(number: int) -> None:
        at = time.time()
        mover = f"{label}{number}"
        events: list[Json] = [
            {
                "eventId": f"{label}{number}-{place}",
                "name": f"Viewed {place}",
                "identifiers": [{"userId": f"u{(number * BATCH + place) % PEOPLE}"}],
            }
            for place in range(BATCH - 1)
        ]
        events.append(
            {
                "eventId": f"{label}{number}",
                "name": "Signed Up",
                "at": datetime.fromtimestamp(at, UTC).isoformat(),
                "identifiers": [{"userId": mover}],
                "traits": {"name": mover},
            }
        )
        moved.at[mover] = at
        body = {"query": RECORD, "variables": {"e": events}}
        answer = await http.post(f"http://127.0.0.1:{port}/graphql", json=body)
        answer.raise_for_status()
        assert answer.json()["data"]["recordEvents"]["recorded"] == BATCH, answer.text
        moved.answered[mover] = time.time()

    began = time.monotonic()
    async with asyncio.TaskGroup() as sending:
        for number in range(int(rate * seconds / BATCH)):
            await asyncio.sleep(max(0.0, began + number * BATCH / rate - time.monotonic()))
            sending.create_task(record(number))


def row(name: str, waits_s: Sequence[float]) -> None:
    """A line of the table."""
    if not waits_s:
        print(f"  {name:<40} none")
        return
    ordered = sorted(waits_s)
    middle, most = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.99))
    print(f"  {name:<40} {middle:8.1f} {most:8.1f} {len(ordered):8}", flush=True)


# --- the whole base ---

EVENTS_EACH = 4
MAPPING = {
    "columns": {"id": "id", "name": "name", "at": "at", "user": "user", "traits.plan": "plan"},
    "constants": {"source": "shop"},
}
WHOLE = {
    "all": [
        {"trait": {"path": "plan", "is": {"eq": "gold"}}},
        {"did": {"event": {"name": "Order"}, "during": {"within": "P90D"}, "times": {"atLeast": 2}}},
    ]
}
BY_HAND = """
MATCH (c:Customer) WHERE c.`traits.plan` = $plan
AND COUNT { MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:BY]-(e:Event) WHERE e.name = $name AND e.at >= $since } >= 2"""
COUNT_BY_HAND = f"{BY_HAND} RETURN count(c) AS total"
FILL_BY_HAND = f"""
CYPHER runtime=slotted
MATCH (s:HandSegment)
CALL (s) {{ {BY_HAND} MERGE (c)-[:IN_HAND {{since: $now}}]->(s) }} IN TRANSACTIONS OF 10000 ROWS
"""


def shop(folder: Path, customers: int) -> Path:
    """A file of events of so many people over half a year, a third of them orders, a third of the people gold."""
    chance = np.random.default_rng(7)
    total = customers * EVENTS_EACH
    path = folder / "shop.parquet"
    began = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=180)
    writer: pa.parquet.ParquetWriter | None = None
    for first in range(0, total, 500_000):
        number = np.arange(first, min(first + 500_000, total))
        who = number % customers
        at = np.datetime64(began, "s") + chance.integers(0, 180 * 86_400, len(number)).astype("timedelta64[s]")
        stamp = pa.compute.utf8_replace_slice(pa.array(at).cast(pa.string()), 10, 11, "T")
        text = pa.array(who).cast(pa.string())
        part = pa.table(
            {
                "id": pa.compute.binary_join_element_wise("e", pa.array(number).cast(pa.string()), "-"),
                "name": pa.array(["Page", "Cart", "Order"]).take(pa.array(chance.integers(0, 3, len(number)))),
                "at": pa.compute.binary_join_element_wise(stamp, "", "Z"),
                "user": pa.compute.binary_join_element_wise("w", text, ""),
                "plan": pa.array(["gold", "silver", "free"]).take(pa.array(who % 3)),
            }
        )
        writer = writer or pa.parquet.ParquetWriter(path, part.schema)
        writer.write_table(part, row_group_size=250_000)
    assert writer is not None
    writer.close()
    return path


def loaded(data_dir: Path, folder: Path, customers: int) -> None:
    """Make a database of so many customers."""
    mapping = build_mapping(MAPPING)
    given = load.BulkInput(
        [shop(folder, customers)], lambda one: RowFile.open(one, mapping), None, None, IdentityRules(), (), utc_now()
    )
    jars = embedded.ensure(Settings.load().cache_dir)
    with embedded.unused(data_dir) as own, embedded.clean_work(own) as work:
        _, files = load.prepare(work, given, load.Watch())
        admin.import_full(own, jars, files, heap_max="2g")


async def timed(counted: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    """Seconds that a count takes, the median of some, and the count."""
    took, total = [], 0
    read_timeout_s.set(600)
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        total = await counted()
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:]), total


async def whole(store: Store, connection: Connection, customers: int) -> None:
    """Print what preview and full computation take beside Cypher by hand."""
    now = utc_now()
    rule: Predicate = parse_predicate(WHOLE)
    hand = {"plan": "gold", "name": "Order", "since": now - timedelta(days=90), "now": now}

    async def by_hand() -> int:
        return int((await store.read_generated(Statement(COUNT_BY_HAND, hand)))[0]["total"])

    async def estimated() -> int:
        return (await estimate_meeting(store, rule, now)).value

    by_hand_s, expected = await timed(by_hand)
    ours_s, total = await timed(lambda: count_meeting(store, rule, now))
    preview_s, near = await timed(estimated)
    assert total == expected, (total, expected)
    print(f"{customers:,} customers, {customers * EVENTS_EACH:,} events; {total:,} meet the rule")
    print(f"  {'':<28} {'ours s':>8} {'by hand s':>10} {'ratio':>6}")
    print(f"  {'exact count':<28} {ours_s:>8.2f} {by_hand_s:>10.2f} {ours_s / by_hand_s:>6.2f}")
    print(
        f"  {f'preview, says {near:,}':<28} {preview_s:>8.2f} {by_hand_s:>10.2f} {preview_s / by_hand_s:>6.2f}",
        flush=True,
    )
    hand_s = await filled_by_hand(connection, hand)
    began = time.perf_counter()
    await create_segment(store, "whole", "Whole", None, rule, utc_now())
    await until_live(store, "whole")
    full_s = time.perf_counter() - began
    print(f"  {'full computation':<28} {full_s:>8.2f} {hand_s:>10.2f} {full_s / hand_s:>6.2f}", flush=True)


async def filled_by_hand(connection: Connection, parameters: Json) -> float:
    """Seconds that it takes to put into a group whoever meets the rule, in transactions that the database makes."""
    given = (connection.user, connection.password)
    async with AsyncGraphDatabase.driver(connection.uri, auth=given, notifications_min_severity="OFF") as driver:
        await driver.execute_query("MERGE (:HandSegment {id: 1})")
        began = time.perf_counter()
        async with driver.session() as session:
            await (await session.run(FILL_BY_HAND, parameters)).consume()
        return time.perf_counter() - began


async def until_live(store: Store, key: str) -> None:
    """Go on with the segment's first computation until all are members who should be."""
    while (await store.read("segment/by_keys", keys=[key]))[0]["status"] != "LIVE":
        await build_waiting(store, utc_now())


# --- all of it ---


async def main(options: argparse.Namespace) -> None:
    """Measure, print."""
    cache_dir = Settings.load().cache_dir
    for part in options.only or ("recording", "moving", "whole"):
        with tempfile.TemporaryDirectory() as folder:
            data_dir = Path(folder) / "data"
            if part == "whole":
                await asyncio.to_thread(loaded, data_dir, Path(folder), options.customers)
            server = await asyncio.to_thread(
                embedded.start, data_dir, cache_dir=cache_dir, heap_max="2g", page_cache="2g"
            )
            try:
                async with await Store.open(server.connection) as store:
                    await store.migrate()
                    settle_memory()
                    match part:
                        case "recording":
                            await recording(store, options.messages)
                        case "moving":
                            await moving(store, server.connection, options.rate, options.seconds, options.port)
                        case _:
                            await whole(store, server.connection, options.customers)
            finally:
                await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000, help="of the whole base")
    parser.add_argument("--messages", type=int, default=20_000, help="of each round of recording")
    parser.add_argument("--rate", type=int, default=1000, help="events a second while customers move")
    parser.add_argument("--seconds", type=float, default=10.0, help="for which events come while customers move")
    parser.add_argument("--port", type=int, default=8720)
    parser.add_argument("--only", nargs="*", choices=("recording", "moving", "whole"))
    asyncio.run(main(parser.parse_args()))
