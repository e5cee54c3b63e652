"""docs/import.md: the command records what it can, keeps what it cannot, and says which is which."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.store import Store

EVENTS = Path(__file__).parent.parent / "data" / "events_20_households.jsonl.gz"


@pytest.fixture
def environment(neo4j: EmbeddedNeo4j, store: Store) -> dict[str, str]:
    """The environment of a command that works on the test's own, empty database."""
    connection = neo4j.connection
    return {
        **os.environ,
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
        "COLUMNS": "200",
    }


def run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graphcdp", "import", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def kept_rows(path: Path) -> list[dict[str, Any]]:
    """What the command kept of a file's bad rows."""
    return [json.loads(line) for line in path.with_name(f"{path.name}.rejected.jsonl").read_text().splitlines()]


async def count(store: Store, pattern: str) -> int:
    """How many nodes fit a pattern that names them n."""
    (row,) = await store.read_generated(Statement(f"MATCH {pattern} RETURN count(n) AS total"))
    total: int = row["total"]
    return total


async def test_tracking_events_and_the_same_again(environment: dict[str, str], store: Store) -> None:
    first = run(environment, EVENTS, "--source", "shop")
    assert first.returncode == 0, first.stderr
    assert await count(store, "(n:Event {source: 'shop'})") == 1650
    assert await count(store, "(n:Customer)") == 20
    assert "--again" in run(environment, EVENTS, "--source", "shop").stderr
    again = run(environment, EVENTS, "--source", "shop", "--again")
    assert again.returncode == 0
    assert "1,655" in again.stderr
    assert await count(store, "(n:Event)") == 1650


async def test_good_rows_are_recorded_and_bad_ones_kept(
    environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "no;mail;when;total\n"
        "1;ann@example.com;2026-01-01T10:00:00Z;12.5\n"
        "2;not-an-email;2026-01-02;3\n"
        "3;;2026-01-03;x\n"
        ";;2026-01-04;7\n"
        "4;d@example.org\n"
        "5;;2199-01-01;7\n"
    )
    mapping = tmp_path / "orders.yaml"
    mapping.write_text(
        "columns: {user: no, email: mail, at: when, properties.total:number: total}\n"
        "constants: {name: Order Completed}\n"
    )
    done = run(environment, path, "--mapping", mapping)
    assert done.returncode == 2, done.stderr
    assert await count(store, "(n:Event {name: 'Order Completed'})") == 2
    assert await count(store, "(n:Event {`properties.total`: 12.5})") == 1
    kept = kept_rows(path)
    assert [row["line"] for row in kept] == [4, 5, 6, 7]
    assert kept[0]["row"] == "3;;2026-01-03;x"
    assert "'x', no number" in kept[0]["reason"]
    assert "identifier" in kept[1]["reason"]
    assert "2 fields" in kept[2]["reason"]
    assert "future" in kept[3]["reason"]
    assert f"{path}:4:" in done.stderr
    assert "not-an-email" in done.stderr
    assert f"{path}.rejected.jsonl" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{tmp}/none.csv"], "No such file or directory"),
        (["{tmp}/x.csv"], "The column 'no' is no field"),
        (["{tmp}/x.csv", "--map", "user=number"], "has no column 'number'; its columns are no, name"),
        (["{tmp}/x.csv", "--map", "usr=no"], "'usr' is no field"),
        (["{tmp}/x.csv", "--mapping", "{tmp}/none.yaml"], "cannot be read"),
        (["{tmp}/x.csv", "--map", "user=no", "--rejected", "{tmp}/none/bad.jsonl"], "cannot be written to"),
    ],
)
async def test_what_cannot_work_is_one_line_and_records_nothing(
    environment: dict[str, str], store: Store, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "x.csv").write_text("no,name\n1,N\n")
    done = run(environment, *(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert await count(store, "(n:Event)") == 0


async def test_stopped_and_started_again(environment: dict[str, str], store: Store, tmp_path: Path) -> None:
    rows = 8000  # so many that the signal comes before the end on any machine
    path = tmp_path / "many.csv"
    path.write_text("user,name\n" + "".join(f"u{n},N\n" for n in range(rows)))
    command = [sys.executable, "-m", "graphcdp", "import", str(path), "--batch", "50"]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        while await count(store, "(n:Import) WHERE n.rows > 0") == 0:  # noqa: ASYNC110  # it tells no event of ours
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    stored = await count(store, "(n:Event)")
    assert process.returncode == 130, said
    assert 0 < stored < rows
    assert b"run the same command again" in said
    again = run(environment, path)
    assert again.returncode == 0
    assert "going on after" in again.stderr
    assert await count(store, "(n:Event)") == rows


async def test_killed_in_the_middle_each_row_is_recorded_and_each_bad_one_listed_once(
    environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    rows = 6000
    path = tmp_path / "many.csv"
    # No ids, equal rows among them, and of 20 rows one whose time cannot be read and one that names nobody.
    lines = [f"{'null' if n % 20 == 8 else f'u{n % 500}'},{'x' if n % 20 == 7 else '2026-01-01'}" for n in range(rows)]
    path.write_text("\n".join(["who,when", *lines]))
    arguments = [str(path), "--batch", "50", "--map", "user=who", "--map", "at=when", "--set", "name=Seen"]
    command = [sys.executable, "-m", "graphcdp", "import", *arguments]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    async with asyncio.timeout(60):
        while await count(store, "(n:Import) WHERE n.rows >= 500") == 0:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    assert 0 < await count(store, "(n:Event)") < rows * 0.9
    # As if it had been killed after a bad row was kept, before its batch was counted.
    with path.with_name("many.csv.rejected.jsonl").open("ab") as kept:
        kept.write(b'{"file": "half a row')
    again = run(environment, *arguments)
    assert again.returncode == 2, again.stderr
    assert "going on after" in again.stderr
    bad = [n for n in range(rows) if n % 20 in (7, 8)]
    assert await count(store, "(n:Event)") == rows - len(bad)
    assert [row["line"] for row in kept_rows(path)] == [n + 2 for n in bad]
    # Those that name nobody became messages, and are kept in the graph too; the others never did.
    assert await count(store, "(n:Rejected)") == rows / 20
    # What stands there of the import names no customer: an erasure need not look for it.
    assert await count(store, "(n:Import) WHERE n.report CONTAINS 'null'") == 0
    third = run(environment, *arguments)
    assert third.returncode == 2
    assert "was imported to its end" in third.stderr
    assert len(kept_rows(path)) == len(bad)


async def test_a_file_that_was_changed_is_another_import(
    environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("user,name\nu1,N\n,N\n")
    two.write_text("user,name\nu2,N\n,N\n")
    shared = ("--rejected", tmp_path / "bad.jsonl")
    assert run(environment, one, two, *shared).returncode == 2
    two.write_text("user,name\nu2,N\nu3,N\n,N\n")
    again = run(environment, one, two, *shared)
    assert f"{one} was imported to its end" in again.stderr
    assert f"{two} was imported to its end" not in again.stderr
    assert await count(store, "(n:Customer)") == 3
    assert json.loads(shared[1].read_text().splitlines()[0])["file"] == str(one)


async def test_parquet_by_a_pattern(environment: dict[str, str], store: Store, tmp_path: Path) -> None:
    for day in (1, 2):
        rows = {"user": [f"u{n}" for n in range(1500)], "name": ["Seen"] * 1500, "properties.day": [day] * 1500}
        pq.write_table(pa.table(rows), tmp_path / f"day-{day}.parquet")
    done = run(environment, tmp_path / "day-*.parquet")
    assert done.returncode == 0, done.stderr
    assert await count(store, "(n:Event {name: 'Seen', `properties.day`: 2})") == 1500
    assert await count(store, "(n:Customer)") == 1500


async def test_a_dry_run_tells_what_would_happen_and_writes_nothing(
    environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("user,email,name,at\nu1,,N,\n,a@x.org,N,\nu1,a@x.org,N,\nnull,,N,\nu2,,N,never\nu2,,N\n")
    done = run(environment, path, "--dry-run", "--batch", "2")
    assert done.returncode == 2, done.stderr
    (numbers,) = [line.split()[1:] for line in done.stderr.splitlines() if line.strip().startswith(str(path) + " ")]
    assert numbers == ["6", "3", "0", "3"]
    assert "2 would be created, 1 merged into others" in done.stderr
    assert "1 NO_IDENTIFIER, 2 that cannot be read" in done.stderr
    assert f"{path}:6: at is 'never'" in done.stderr
    # No rules, no note of the import, no rejected message, no file.
    assert await count(store, "(n) WHERE NOT n:Migration|SegmentEdition") == 0
    assert list(tmp_path.glob("*")) == [path]  # noqa: ASYNC240  # nothing else runs
    assert run(environment, path).returncode == 2
    assert await count(store, "(n:Customer)") == 1
    assert await count(store, "(n:MergedCustomer)") == 1
    bad = tmp_path / "bad.jsonl"
    again = run(environment, path, "--dry-run", "--rejected", bad)
    assert "0 would be created, 0 merged" in again.stderr
    assert [json.loads(line)["line"] for line in bad.read_text().splitlines()] == [5, 6, 7]


async def test_a_suggested_mapping_is_taken(environment: dict[str, str], store: Store, tmp_path: Path) -> None:
    path, mapping = tmp_path / "orders.csv", tmp_path / "orders.yaml"
    rows = "".join(f"{n},7{n % 2},2026-01-01T0{n}:00:00Z,{n}.5\n" for n in range(1, 9))
    path.write_text(f"order_no,customer_no,ordered_at,total\n{rows}")
    suggested = run(environment, path, "--suggest")
    assert suggested.returncode == 0, suggested.stderr
    mapping.write_text(suggested.stdout)
    assert run(environment, path, "--mapping", mapping, "--dry-run").returncode == 0
    assert run(environment, path, "--mapping", mapping).returncode == 0
    assert await count(store, "(n:Event {name: 'Orders', id: '1', `properties.total`: 1.5})") == 1
    assert await count(store, "(n:Customer)") == 2
    assert "no mapping" in run(environment, EVENTS, "--suggest").stderr
    assert "name one of them" in run(environment, path, EVENTS, "--suggest").stderr
    assert "leave out --mapping" in run(environment, path, "--mapping", mapping, "--suggest").stderr
