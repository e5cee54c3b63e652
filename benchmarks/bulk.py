"""A first load beside `neo4j-admin database import` of the very rows that it made.

    python benchmarks/bulk.py [EVENTS] [csv|parquet|jsonl] [--record N]

Ours: from the file of events to the whole database, as `graphcdp import --bulk`
does it. Neo4j's: its import alone, of the files that ours wrote, once more. Both
on the same machine, one after the other; quote the ratio, for machines differ.
Then the server starts and fills its indexes, which either way has to be done.

--record N records so many messages more, of 10,000 people from all over the graph: run it for a small and for a large
graph to see whether what is there already makes the next event dearer.
"""

import argparse
import asyncio
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from graphcdp import embedded
from graphcdp.bulk import load
from graphcdp.embedded import admin
from graphcdp.embedded.folder import DataFolder
from graphcdp.model.statement import Statement
from graphcdp.record.clock import utc_now
from graphcdp.record.files import RowFile
from graphcdp.record.mapping import ImportMapping, build_mapping
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from record import message

HEAP = "2g"
SEEN_AGAIN = 10_000
"""People who are recorded once more, from all over the graph: as many in a large one as in a small one."""
START = datetime(2025, 1, 1, tzinfo=UTC)
MAPPING = {
    "columns": {
        "id": "id",
        "name": "name",
        "at": "at",
        "user": "user",
        "email": "email",
        "device": "device",
        "properties.total:number": "total",
        "properties.path": "path",
        "properties.currency": "currency",
        "traits.plan": "plan",
    },
    "constants": {"source": "shop"},
}


def events(count: int, first: int, chance: np.random.Generator) -> pa.Table:
    """Events of a shop: ten to a person, of whom half the events name a user; one in a thousand devices is shared."""
    people = max(count // 10, 1)
    number = np.arange(first, first + CHUNK if first + CHUNK < count else count)
    rows = len(number)
    who = chance.integers(0, people, rows)
    shared = chance.random(rows) < 0.001
    device = np.where(shared, who // 20, who)
    known = chance.random(rows) < 0.5
    text = pa.array(who).cast(pa.string())
    stamp = pa.array(np.datetime64(START.replace(tzinfo=None), "us") + (number * 2).astype("timedelta64[s]"))
    stamp = pa.compute.utf8_replace_slice(stamp.cast(pa.timestamp("s")).cast(pa.string()), 10, 11, "T")

    def joined(before: str, some: Any, after: str = "") -> pa.Array:
        return pa.compute.binary_join_element_wise(before, some, after, "")

    def where(mask: Any, some: pa.Array) -> pa.Array:
        return pa.compute.if_else(pa.array(mask), some, None)

    cents = pa.array(np.round(chance.integers(100, 20_000, rows) / 100, 2)).cast(pa.string())
    path = pa.array(chance.integers(0, 997, rows)).cast(pa.string())
    return pa.table(
        {
            "id": joined("evt-", pa.array(number).cast(pa.string())),
            "name": pa.array(["Page Viewed", "Product Viewed", "Order Completed"]).take(
                pa.array(chance.integers(0, 3, rows))
            ),
            "at": joined("", stamp, "Z"),
            "user": where(known, joined("u", text)),
            "email": where(chance.random(rows) < 0.1, joined("Person", text, "@example.com")),
            "device": joined("d-", pa.array(device).cast(pa.string())),
            "total": cents,
            "path": joined("/shop/", path),
            "currency": pa.repeat("EUR", rows),
            "plan": where(chance.random(rows) < 0.05, pa.array(["gold", "silver"]).take(pa.array(who % 2))),
        }
    )


CHUNK = 500_000


def write_events(folder: Path, count: int, kind: str) -> Path:
    """The file of events."""
    chance = np.random.default_rng(7)
    path = folder / f"events.{kind}"
    parts = (events(count, first, chance) for first in range(0, count, CHUNK))
    first = next(parts)
    if kind == "parquet":
        with pa.parquet.ParquetWriter(path, first.schema) as writer:
            for part in _with(first, parts):
                writer.write_table(part, row_group_size=250_000)
    elif kind == "csv":
        with pa.csv.CSVWriter(path, first.schema, write_options=pa.csv.WriteOptions(quoting_style="needed")) as writer:
            for part in _with(first, parts):
                writer.write_table(part)
    else:
        with path.open("wb") as file:
            for part in _with(first, parts):
                file.writelines(orjson.dumps(_tracked(row)) + b"\n" for row in part.to_pylist())
    return path


def _with(first: pa.Table, others: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from others


def _tracked(row: dict[str, Any]) -> dict[str, Any]:
    traits = {name: row[name] for name in ("email", "plan") if row[name]}
    return {
        "type": "track",
        "messageId": row["id"],
        "event": row["name"],
        "timestamp": row["at"],
        "userId": row["user"],
        "anonymousId": row["device"],
        "context": {"traits": traits},
        "properties": {"total": float(row["total"]), "path": row["path"], "currency": row["currency"]},
    }


@contextmanager
def measured(told: dict[str, int]) -> Iterator[None]:
    """Tells the most memory that this process and its children had at once, in bytes."""
    over = threading.Event()
    told["java"] = told["python"] = 0

    def look() -> None:
        me = psutil.Process()
        while not over.wait(0.2):
            java = python = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    # What is mapped from files is the system's to take back.
                    memory = process.memory_info()
                    used = memory.rss - memory.shared
                    if "java" in process.name():
                        java += used
                    else:
                        python += used
                except psutil.Error:
                    continue
            told["java"], told["python"] = max(told["java"], java), max(told["python"], python)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def size(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def recorded_rate(store: Store, people: int, count: int) -> float:
    """Messages a second on top of what is there, in the second half of so many."""
    recorder = Recorder(store, IdentityRules())
    stride = max(people // SEEN_AGAIN, 1)
    chosen = [n % SEEN_AGAIN * stride % people for n in range(count)]
    messages = [message("more", n, f"u{who}", f"d-{who}") for n, who in enumerate(chosen)]
    half = count // 2
    await recorder.record(messages[:half])
    started = time.perf_counter()
    await recorder.record(messages[half:])
    return (count - half) / (time.perf_counter() - started)


async def filled(data_dir: Path, people: int, more: int) -> tuple[float, dict[str, int], float]:
    """How long the server takes to start and to fill its indexes, what is in the graph, and the rate of `more`."""
    started = time.perf_counter()
    server = await asyncio.to_thread(
        embedded.start, data_dir, cache_dir=Settings.load().cache_dir, heap_max=HEAP, page_cache="2g"
    )
    try:
        async with await Store.open(server.connection) as store:
            await store.migrate()
            took = time.perf_counter() - started
            rows = await store.read_generated(
                Statement(
                    "RETURN count { (:Customer) } AS customers, count { (:Event) } AS events, "
                    "count { ()-[:LINKED]->() } AS links"
                )
            )
            rate = await recorded_rate(store, people, more) if more else 0.0
            return took, rows[0], rate
    finally:
        await asyncio.to_thread(server.stop)


def timed_import(folder: DataFolder, jars: Sequence[Path], files: admin.ImportFiles) -> tuple[float, float]:
    """How long it takes, by the clock and of the processors."""
    started, worked = time.perf_counter(), cpu_s()
    admin.import_full(folder, jars, files, heap_max=HEAP)
    return time.perf_counter() - started, cpu_s() - worked


def cpu_s() -> float:
    """Seconds of the processors that this process and the children that have ended used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(count: int, kind: str, more: int) -> None:
    """Measure, print."""
    jars = embedded.ensure(Settings.load().cache_dir)
    with tempfile.TemporaryDirectory(prefix="bulk-") as name:
        folder = Path(name)
        path = write_events(folder, count, kind)
        mapping: ImportMapping | None = None if kind == "jsonl" else build_mapping(MAPPING)
        ours, theirs = folder / "ours", folder / "theirs"
        told: dict[str, int] = {}
        given = load.BulkInput(
            [path], lambda one: RowFile.open(one, mapping), None, None, IdentityRules(), (), utc_now()
        )
        with measured(told), embedded.unused(ours) as own, embedded.clean_work(own) as work:
            started, worked = time.perf_counter(), cpu_s()
            report, files = load.prepare(work, given, load.Watch())
            prepared_s, prepared_cpu = time.perf_counter() - started, cpu_s() - worked
            written = size(work)
            with embedded.unused(theirs) as other, embedded.clean_work(other):
                plain_s, plain_cpu = timed_import(other, jars, files)
            shutil.rmtree(theirs)
            import_s, import_cpu = timed_import(own, jars, files)
        took = prepared_s + import_s
        stored = size(ours / "data")
        filled_s, found, rate = asyncio.run(filled(ours, max(count // 10, 1), more))
        assert report.counted is not None
        assert found["events"] == report.counted.events == count
        total = size(ours / "data")
        print(
            f"{count:,} events of {path.name}, {path.stat().st_size / 1e6:,.0f} MB: {found}, "
            f"{report.contested} customers decided message by message"
        )
        print(f"{'':34}{'s':>8} {'events/s':>10} {'CPU s':>8}")
        for label, seconds, worked in (
            ("GraphCDP, from file to database", took, prepared_cpu + import_cpu),
            ("  reading and cleaning", report.read_s, None),
            ("  who is who, import files", report.graph_s, None),
            ("  both", prepared_s, prepared_cpu),
            ("  Neo4j's import", import_s, import_cpu),
            ("Neo4j's import alone, same rows", plain_s, plain_cpu),
            ("start, constraints and indexes", filled_s, None),
        ):
            cpu = "" if worked is None else f"{worked:8.1f}"
            print(f"{label:34}{seconds:8.1f} {count / seconds:10,.0f} {cpu}")
        by_cpu = plain_cpu / (prepared_cpu + import_cpu)
        print(f"ratio to Neo4j's import alone: {plain_s / took:.2f} by the clock, {by_cpu:.2f} by CPU time")
        print(
            f"memory: Python {told['python'] / 1e9:.2f} GB, Java {told['java'] / 1e9:.2f} GB; on disk: import files "
            f"{written / 1e9:.2f} GB, database {stored / 1e9:.2f} GB, with indexes {total / 1e9:.2f} GB"
        )
        if more:
            print(f"recorded on top of them: {rate:,.0f} messages a second")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=int, nargs="?", default=100_000)
    parser.add_argument("kind", choices=("csv", "parquet", "jsonl"), nargs="?", default="csv")
    parser.add_argument("--record", type=int, default=0, help="messages to record on top of what was loaded")
    options = parser.parse_args()
    main(options.events, options.kind, options.record)
