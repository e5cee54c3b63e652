"""Merges, a split, an explanation and a simulation, each beside raw writes or reads of the same size.

    python benchmarks/identity.py [IDENTIFIERS]

IDENTIFIERS are simulated over, 100,000 unless told. All run in turn on one embedded server; quote the ratios, for
machines differ. The raw side does what a hand-written statement without any rule would: the same nodes and
relationships created, or the same nodes read. Memory is the resident peak of this process and of the database's.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import psutil

from graphcdp import embedded
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.read.events import EventChoice, event_page, histories
from graphcdp.read.explain import shortest_path
from graphcdp.read.simulation import simulate
from graphcdp.record.clock import utc_now
from graphcdp.record.identity_edits import split_customer
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store

MERGES = 1000
HUB = 1000
PATH = 10
ROUNDS = 5
PAGE = 50
SIMULATED_AT_ONCE = 10_000
PER_CUSTOMER = 4
RULES = IdentityRules()

RAW_MOVES = Statement(
    "UNWIND $rows AS row CREATE (:Raw {key: row})-[:WAS {since: datetime()}]->(:RawOwner {id: row}) "
    "CREATE (:RawMerge {id: row, at: datetime()})"
)
RAW_PATH = Statement("UNWIND $keys AS key MATCH (i:Identifier {key: key}) RETURN i.key AS key, i.firstSeen AS seen")
CUSTOMERS = Statement(
    """UNWIND $numbers AS n
CREATE (c:Customer {id: 'cus_s' + n, createdAt: $now, updatedAt: $now, firstSeen: $now, lastSeen: $now, traits: '{}',
                    traitTimes: '{}', identifiers: $size, `count.user`: 1, `count.device`: $size - 1})
CREATE (u:Identifier:User {id: 'idn_s' + n + '_0', key: 'user:s' + n, kind: 'user', value: 's' + n,
                           firstSeen: $now, lastSeen: $now})-[:IDENTIFIES {since: $now}]->(c)
WITH c, u, n
UNWIND range(1, $size - 1) AS d
CREATE (i:Identifier:Device {id: 'idn_s' + n + '_' + d, key: 'device:s' + n + '_' + d, kind: 'device',
                             value: 's' + n + '_' + d, firstSeen: $now, lastSeen: $now})
CREATE (i)-[:IDENTIFIES {since: $now}]->(c)
CREATE (i)-[:LINKED {id: 'lnk_s' + n + '_' + d, count: 1, firstSeen: $now, lastSeen: $now, source: 'bench',
                     event: 'm' + n}]->(u)"""
)
RAW_NODES = Statement("UNWIND $numbers AS n CREATE (:Raw {key: n})-[:WAS {since: $now}]->(:RawOwner {id: n})")

_sent = 0


def message(*identifiers: tuple[str, str], name: str = "Seen") -> dict[str, object]:
    global _sent
    _sent += 1
    return {"id": f"b{_sent}", "name": name, "identifiers": list(identifiers)}


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def merges(store: Store, recorder: Recorder, turn: int) -> tuple[float, float]:
    """Seconds for merges of two customers each, and for as many raw moves."""
    pairs = [(("user", f"mu{turn}-{n}"), ("device", f"md{turn}-{n}")) for n in range(MERGES)]
    await recorder.record([message(one) for pair in pairs for one in pair])
    ours = await seconds(lambda: recorder.record([message(*pair) for pair in pairs]))
    rows = [f"{turn}-{n}" for n in range(MERGES)]
    raw = Statement(RAW_MOVES.text, {"rows": rows})
    return ours, await seconds(lambda: store.transact(lambda tx: tx.run_generated(raw)))


async def split(store: Store, recorder: Recorder, turn: int) -> tuple[float, float]:
    """Seconds for splitting a customer of many identifiers into two halves, and for as many raw moves."""
    hubs = (("device", f"h{turn}-one"), ("device", f"h{turn}-two"))
    visits = [message(hubs[n % 2], ("anonymous", f"h{turn}-{n}")) for n in range(HUB - 2)]
    outcomes = await recorder.record([*visits, message(*hubs)])
    customer = str(outcomes[-1].customer_id)
    keys = [f"device:h{turn}-two", *(f"anonymous:h{turn}-{n}" for n in range(1, HUB - 2, 2))]
    ours = await seconds(lambda: split_customer(store, customer, keys, RULES, utc_now()))
    raw = Statement(RAW_MOVES.text, {"rows": [f"s{turn}-{n}" for n in range(len(keys))]})
    return ours, await seconds(lambda: store.transact(lambda tx: tx.run_generated(raw)))


async def explain(store: Store, recorder: Recorder, turn: int) -> tuple[float, float]:
    """Seconds for the path over some steps of evidence, and for reading as many identifiers by key."""
    chain = [("device", f"p{turn}-{n}") for n in range(PATH + 1)]
    await recorder.record([message(one, other) for one, other in pairwise(chain)])
    keys = [f"{kind}:{value}" for kind, value in chain]
    ours = await seconds(lambda: shortest_path(store, keys[0], keys[-1]))
    return ours, await seconds(lambda: store.read_generated(Statement(RAW_PATH.text, {"keys": keys})))


async def history(store: Store, recorder: Recorder, turn: int) -> tuple[float, float]:
    """Seconds for the first page of history of a customer of many identifiers, and of one with a single one."""
    hub, lone = ("device", f"hist{turn}"), ("device", f"lone{turn}")
    outcomes = await recorder.record(
        [message(hub, ("anonymous", f"hist{turn}-{n}")) for n in range(HUB - 1)]
        + [message(("anonymous", f"hist{turn}-{n}")) for n in range(HUB - 1)]
        + [message(lone) for _ in range(PAGE * 2)]
    )
    page = event_page(True, first=PAGE, after=None, last=None, before=None)
    many, single = str(outcomes[0].customer_id), str(outcomes[-1].customer_id)
    ours = await seconds(lambda: histories(store, [many], EventChoice(), page, True))
    return ours, await seconds(lambda: histories(store, [single], EventChoice(), page, True))


async def simulation(store: Store, identifiers: int) -> tuple[float, float]:
    """Seconds for a simulation of tighter limits over many customers, and for raw writes of as many nodes."""
    customers = identifiers // PER_CUSTOMER
    for start in range(0, customers, SIMULATED_AT_ONCE):
        numbers = [str(n) for n in range(start, min(start + SIMULATED_AT_ONCE, customers))]
        rows = Statement(CUSTOMERS.text, {"numbers": numbers, "now": utc_now(), "size": PER_CUSTOMER})
        await store.transact(lambda tx, rows=rows: tx.run_generated(rows), timeout_s=120)
    tighter = IdentityRules.model_validate({"kinds": {"user": {"blocked_patterns": ["s.*7"]}, "device": {"limit": 2}}})

    async def write() -> None:
        for start in range(0, identifiers, SIMULATED_AT_ONCE):
            numbers = list(range(start, min(start + SIMULATED_AT_ONCE, identifiers)))
            raw = Statement(RAW_NODES.text, {"numbers": numbers, "now": utc_now()})
            await store.transact(lambda tx, raw=raw: tx.run_generated(raw), timeout_s=120)

    found = await simulate(store, tighter, 5)
    print(f"simulated: {found.splits:,} splits of {customers:,} customers")
    return await seconds(lambda: simulate(store, tighter, 5)), await seconds(write)


def memory(server: EmbeddedNeo4j) -> str:
    ours_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    neo4j_mb = psutil.Process(server.pid).memory_info().rss / 2**20
    return f"{ours_mb:5,.0f} + {neo4j_mb:5,.0f} MB"


def told(name: str, times: list[tuple[float, float]], server: EmbeddedNeo4j, count: int = 1) -> None:
    ours = statistics.median(ours for ours, _ in times)
    raw = statistics.median(raw for _, raw in times)
    rate = f"{count / ours:10,.0f}/s" if count > 1 else ""
    print(f"{name:34} {ours * 1000:9,.1f} ms {raw * 1000:9,.1f} ms {ours / raw:6.1f}x {memory(server)} {rate}")


async def main(identifiers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.to_thread(
            embedded.start, Path(folder), cache_dir=Settings.load().cache_dir, heap_max="2g"
        )
        try:
            async with await Store.open(server.connection) as store:
                await store.migrate()
                recorder = Recorder(store, RULES)
                print(f"{'':34} {'ours':>12} {'raw':>12} {'ratio':>7} memory: ours + database")
                works = (
                    (f"{MERGES} merges", merges, MERGES),
                    (f"split of {HUB} identifiers", split, 1),
                    (f"explain over {PATH} steps", explain, 1),
                    (f"history of {HUB} identifiers (raw: 1)", history, 1),
                )
                for name, work, count in works:
                    await work(store, recorder, 0)
                    times = [await work(store, recorder, turn) for turn in range(1, ROUNDS + 1)]
                    told(name, times, server, count)
                times = [await simulation(store, identifiers)]
                told(f"simulation of {identifiers:,} identifiers", times, server)
        finally:
            await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
