"""docs/import.md, rules of --bulk: a whole load with Neo4j's own import, and what it refuses."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from graphcdp import embedded
from graphcdp.bulk.around import kept_nodes
from graphcdp.embedded.admin import work_folder
from graphcdp.embedded.folder import DataFolder
from graphcdp.model.errors import EmbeddedError, ImportFileError
from graphcdp.model.predicates import parse_predicate
from graphcdp.model.principals import Scope
from graphcdp.model.statement import Statement
from graphcdp.read.feed import standing
from graphcdp.record.clock import utc_now
from graphcdp.record.files import RowFile
from graphcdp.record.keys import create_key
from graphcdp.record.load import LoadReport, load_rows
from graphcdp.record.mapping import build_mapping
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import create_segment
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.bulk import rows
from tests.bulk.graphs import dump, sources

GOLD = {"trait": {"path": "plan", "is": {"eq": "gold"}}}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GRAPHCDP_NEO4J")},
    "GRAPHCDP_HEAP_MAX": "512m",
    "GRAPHCDP_PAGE_CACHE": "32m",
    "GRAPHCDP_DEFAULT_REGION": "VN",
    "COLUMNS": "200",
}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "graphcdp", "import", "--bulk", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture
def orders(tmp_path: Path) -> tuple[Path, Path]:
    """A file with its mapping."""
    path, mapping = tmp_path / "orders.csv", tmp_path / "orders.yaml"
    rows.write_csv(path, 3, 200)
    mapping.write_text(yaml.safe_dump(rows.CSV_MAPPING, sort_keys=False))
    return path, mapping


async def recorded(store: Store, path: Path) -> list[str]:
    """The graph that the recorder makes of the file."""
    with RowFile.open(path, build_mapping(rows.CSV_MAPPING)) as file:
        recorder = Recorder(store, IdentityRules(region="VN"), batch_max=1)
        await load_rows(recorder, file.rows(), report=LoadReport())
    return await dump(store)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    """The store on a folder's own server."""
    with embedded.start(folder, cache_dir=Settings.load().cache_dir, heap_max="512m", page_cache="32m") as server:
        async with await Store.open(server.connection) as store:
            await store.migrate()
            yield store


@pytest.mark.timeout(300)
async def test_a_first_load_keeps_what_is_no_customers_and_is_no_second_one(
    tmp_path: Path, store: Store, orders: tuple[Path, Path]
) -> None:
    path, mapping = orders
    folder = tmp_path / "data"
    async with opened(folder) as empty:
        await create_key(empty, "first", [Scope.READ], utc_now())
        await create_segment(empty, "gold", "Gold", None, parse_predicate(GOLD), utc_now())
        with pytest.raises(EmbeddedError, match="graphcdp db stop"), embedded.unused(folder):
            pass
    done = run(path, "--mapping", mapping, "--data-dir", folder)
    assert done.returncode == 2, done.stderr
    assert "Customers" in done.stderr
    assert (tmp_path / "orders.csv.rejected.jsonl").exists()
    assert not work_folder(DataFolder.at(folder)).exists()
    async with opened(folder) as loaded:
        lines = await dump(loaded)
        assert sum("['ApiKey']" in line for line in lines) == 1
        (gold,) = await loaded.read_generated(
            Statement(
                "MATCH (s:Segment {key: 'gold'}) "
                "RETURN s.status AS status, count { (s)<-[:IN_SEGMENT]-() } AS members, "
                "count { (:Customer {`traits.plan`: 'gold'}) } AS gold"
            )
        )
        assert gold["status"] == "LIVE"
        assert gold["members"] == gold["gold"] > 0
        mine = Counter(
            line for line in lines if "ApiKey" not in line and "Segment" not in line and "SEGMENT" not in line
        )
        other = Counter(await recorded(store, path))
        assert sorted((mine - other).elements())[:5] == sorted((other - mine).elements())[:5]
        assert await sources(loaded) == await sources(store)
        assert (await standing(loaded)).dropped == 1
        (found,) = await loaded.read_generated(
            Statement("CALL db.index.fulltext.queryNodes('identifier_text', 'p1*') YIELD node RETURN count(*) AS total")
        )
        assert found["total"] > 0


async def test_a_database_with_customers_is_refused(store: Store, recorder: Recorder) -> None:
    await recorder.record([{"id": "1", "name": "Seen", "identifiers": [("user", "u1")]}])
    with pytest.raises(ImportFileError, match=r"not empty .*1 Customer.*without --bulk"):
        await kept_nodes(store)


def test_another_database_is_refused(orders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path, mapping = orders
    monkeypatch.setitem(ENVIRONMENT, "GRAPHCDP_NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.setitem(ENVIRONMENT, "GRAPHCDP_NEO4J_PASSWORD", "12345678")
    done = run(path, "--mapping", mapping)
    assert done.returncode == 1
    assert "GRAPHCDP_NEO4J_URI" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.timeout(300)
def test_stopped_while_neo4j_imports_leaves_nothing(tmp_path: Path, orders: tuple[Path, Path]) -> None:
    path, mapping = orders
    folder = tmp_path / "data"
    arguments = command(path, "--mapping", mapping, "--data-dir", folder)
    process = subprocess.Popen(arguments, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    work = work_folder(DataFolder.at(folder))
    end = time.monotonic() + 120
    while not (work / "home" / "data").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not work.exists()
    assert embedded.is_new(folder)
