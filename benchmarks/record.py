"""Messages recorded a second, with identity resolution, beside the raw writes of the same nodes.

    python benchmarks/record.py [MESSAGES]

Both run in turn on the embedded server, in batches of the same size; quote the ratio, for machines differ.
The raw write creates an event, an identifier edge to a known identifier, and nothing else.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from graphcdp import embedded
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store

BATCH = 1000
PEOPLE = 2000
ROUNDS = 5
RAW = Statement(
    "UNWIND $rows AS row MATCH (i:Identifier {key: row.subject}) "
    "CREATE (e:Event)-[:BY]->(i) SET e = row"
)  # fmt: skip


def messages(count: int, label: str) -> list[dict[str, object]]:
    return [
        {
            "id": f"{label}-{n}",
            "name": "Page Viewed",
            "identifiers": [("user", f"u{n % PEOPLE}"), ("device", f"d{n % (PEOPLE * 2)}")],
            "properties": {"path": f"/page/{n % 97}", "n": n},
        }
        for n in range(count)
    ]


async def ours(recorder: Recorder, count: int, label: str) -> float:
    batch = messages(count, label)
    started = time.perf_counter()
    await recorder.record(batch)
    return count / (time.perf_counter() - started)


async def raw(store: Store, count: int, label: str) -> float:
    rows = [
        {"id": f"{label}-{n}", "subject": f"user:u{n % PEOPLE}", "name": "Page Viewed", "json": f'{{"n":{n}}}'}
        for n in range(count)
    ]
    started = time.perf_counter()
    for start in range(0, count, BATCH):
        part = Statement(RAW.text, {"rows": rows[start : start + BATCH]})
        await store.transact(lambda tx, part=part: tx.run_generated(part))
    return count / (time.perf_counter() - started)


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.to_thread(embedded.start, Path(folder), cache_dir=Settings.load().cache_dir)
        try:
            async with await Store.open(server.connection) as store:
                await store.migrate()
                recorder = Recorder(store, IdentityRules(), batch_max=BATCH)
                await ours(recorder, PEOPLE * 2, "warm")
                await raw(store, PEOPLE, "rawwarm")
                rates = [
                    (await ours(recorder, count, f"o{turn}"), await raw(store, count, f"r{turn}"))
                    for turn in range(ROUNDS)
                ]
        finally:
            await asyncio.to_thread(server.stop)
    print(f"{'recorded/s':>12} {'raw/s':>12} {'ratio':>6}")
    for recorded, plain in rates:
        print(f"{recorded:12,.0f} {plain:12,.0f} {recorded / plain:6.2f}")
    print(f"median ratio {statistics.median(recorded / plain for recorded, plain in rates):.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
