"""docs/export.md: what the files say is what GraphQL answers; a folder that is there is whole."""

import asyncio
import json
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from graphcdp.app import Platform
from graphcdp.cli.main import app
from graphcdp.model.errors import ExportError, UnknownReferenceError
from graphcdp.model.predicates import parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.read.export import COLUMNS, Choice, Kind, Shape, export_pages
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import create_segment
from graphcdp.settings import Settings
from graphcdp.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = """query All($after: String) { customers(first: 60, after: $after) {
  nodes {
    id firstSeenAt lastSeenAt updatedAt traits { json }
    identifiers(first: 10) { nodes { id kind value firstSeenAt lastSeenAt sources } }
    events(first: 10) { nodes { eventId name at receivedAt source properties { json } context { json }
      identifiers { kind value } } }
    segments { edges { enteredAt node { id key name } } nodes { id } }
  }
  pageInfo { hasNextPage endCursor } } }"""

pytestmark = pytest.mark.usefixtures("_external")


async def run(*arguments: str | Path) -> Result:
    """The result of a command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["export", *map(str, arguments)])


@pytest.fixture
async def platform(store: Store, recorder: Recorder) -> Platform:
    """Many people, some of them merged, two segments."""
    vip, every = (
        parse_predicate({"trait": {"path": "plan", "is": {"eq": "vip"}}}),
        parse_predicate({"did": {"event": {"name": "Seen"}}}),
    )
    await create_segment(store, "vip", "VIPs", None, vip, START)
    await create_segment(store, "every", "Everybody", None, every, START)
    await recorder.record([{"name": "Seen", "id": f"a{n}", "identifiers": [("device", f"d{n}")]} for n in range(60)])
    await recorder.record(
        [
            {
                "name": "Order",
                "id": f"b{n:02}",
                "at": START + timedelta(hours=n // 3, microseconds=n % 2),
                "identifiers": [("user", f"u{n}"), ("device", f"d{n // 2}"), ("email", f"é{n}@example.com")],
                "properties": {"total": n / 2, "lines": [{"sku": "a\nb\u2028"}], "note": None},
                "context": {"page": {"path": "/"}},
                "traits": {"plan": "vip" if n % 5 == 0 else "free", "n": {"deep": n}},
            }
            for n in range(60)
        ]
    )
    await recorder.record(
        [{"type": "alias", "identifiers": [("device", f"d{n}"), ("device", f"d{n + 1}")]} for n in (40, 42, 43)]
    )
    return Platform(Settings(), store, recorder)


async def answered(platform: Platform) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        told = await platform.execute(CUSTOMERS, {"after": after})
        answer = orjson.loads(orjson.dumps(told, default=lambda value: orjson.Fragment(value.text)))
        assert "errors" not in answer, answer
        page = answer["data"]["customers"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / f"{kind}.jsonl").read_bytes().splitlines()]


def by_id(rows: list[dict[str, Any]], name: str = "id") -> dict[str, dict[str, Any]]:
    found = {row[name]: row for row in rows}
    assert len(found) == len(rows)
    return found


async def test_json_lines_say_what_graphql_answers(platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = await run(folder)
    assert done.exit_code == 0, done.output
    customers = await answered(platform)
    exported = by_id(lines(folder, "customers"))
    assert exported.keys() == {one["id"] for one in customers}
    identifiers, events = by_id(lines(folder, "identifiers")), by_id(lines(folder, "events"), "eventId")
    members = {(one["customerId"], one["segmentId"]): one for one in lines(folder, "memberships")}
    for one in customers:
        row = exported[one["id"]]
        for name in ("firstSeenAt", "lastSeenAt", "updatedAt"):
            assert row[name] == one[name]
        assert row["traits"] == one["traits"]["json"]
        for identifier in one["identifiers"]["nodes"]:
            found = identifiers.pop(identifier["id"])
            assert {name: found[name] for name in identifier} == identifier
            assert found["customerId"] == one["id"]
        for event in one["events"]["nodes"]:
            found = events.pop(event["eventId"])
            assert found["customerId"] == one["id"]
            for name in ("name", "at", "receivedAt", "source"):
                assert found[name] == event[name]
            assert found["properties"] == event["properties"]["json"]
            assert found["context"] == event["context"]["json"]
            named = [f"{i['kind']}:{i['value']}" for i in event["identifiers"]]
            assert sorted(found["identifiers"]) == sorted(named)
            assert found["subject"] in named
        for edge in one["segments"]["edges"]:
            found = members.pop((one["id"], edge["node"]["id"]))
            assert (found["segmentKey"], found["segmentName"]) == (edge["node"]["key"], edge["node"]["name"])
            assert found["enteredAt"] == edge["enteredAt"]
    assert not identifiers
    assert not events
    assert not members
    former = [old for row in exported.values() for old in row["formerIds"]]
    (merged,) = await platform.store.read_generated(Statement("MATCH (m:MergedCustomer) RETURN collect(m.id) AS ids"))
    assert len(former) == 3
    assert sorted(former) == sorted(merged["ids"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {file["kind"]: file["rows"] for file in manifest["files"]}["events"] == 120
    assert manifest["finishedAt"] >= manifest["startedAt"]
    assert folder.stat().st_mode & 0o077 == 0
    assert names_in(tmp_path) == ["out"]


async def test_parquet_says_the_same(platform: Platform, tmp_path: Path) -> None:
    assert (await run(tmp_path / "j")).exit_code == 0
    assert (await run(tmp_path / "p", "--format", "parquet")).exit_code == 0
    for kind in Kind:
        table = pq.read_table(tmp_path / "p" / f"{kind}.parquet")
        assert table.column_names == list(COLUMNS[kind])
        rows = table.to_pylist()
        for row in rows:
            for name, shape in COLUMNS[kind].items():
                if shape is Shape.JSON:
                    row[name] = json.loads(row[name])
                elif shape is Shape.TIME:
                    assert row[name].utcoffset() == timedelta(0)
        expected = lines(tmp_path / "j", kind)
        for row in expected:
            for name, shape in COLUMNS[kind].items():
                if shape is Shape.TIME:
                    row[name] = datetime.fromisoformat(row[name])
        assert rows == expected
        assert rows


async def test_every_page_size_gives_each_row_once(platform: Platform) -> None:
    for kind in Kind:
        whole = [row async for page in export_pages(platform.store, kind, Choice()) for row in page.rows]
        for size in (1, 7):
            pages = [page async for page in export_pages(platform.store, kind, Choice(), size)]
            assert [row for page in pages for row in page.rows] == whole
            assert kind is Kind.MEMBERSHIPS or max(len(page.rows) for page in pages) == size


async def test_a_part_is_chosen(platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "vip"
    assert (
        await run(folder, "--segment", "vip", "--since", "2026-01-01", "--until", "2026-01-01T10:00:00Z")
    ).exit_code == 0
    vips = {one["id"] for one in await answered(platform) if one["traits"]["json"].get("plan") == "vip"}
    assert len(vips) == 12
    assert {one["id"] for one in lines(folder, "customers")} == vips
    assert {one["customerId"] for one in lines(folder, "identifiers")} == vips
    assert {one["customerId"] for one in lines(folder, "memberships")} == vips
    events = [
        event["eventId"]
        for one in await answered(platform)
        if one["id"] in vips
        for event in one["events"]["nodes"]
        if event["at"] < "2026-01-01T10"
    ]
    assert events
    assert sorted(one["eventId"] for one in lines(folder, "events")) == sorted(events)
    assert (await run(tmp_path / "some", "--only", "events,customers", "--since", "2199-01-01")).exit_code == 0
    assert names_in(tmp_path / "some") == [
        "customers.jsonl",
        "events.jsonl",
        "manifest.json",
    ]
    assert lines(tmp_path / "some", "events") == []


async def test_what_cannot_work_leaves_nothing(platform: Platform, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").touch()
    out = tmp_path / "out"
    for arguments, said in (
        ((taken,), "no empty folder"),
        ((out, "--only", "everything"), "names nothing"),
        ((out, "--since", "yesterday"), "no RFC 3339"),
        ((out, "--only", "customers", "--until", "2026-01-01"), "choose events"),
        ((tmp_path / "taken" / "file" / "x",), "cannot be written"),
    ):
        done = await run(*arguments)
        assert isinstance(done.exception, ExportError), done.output
        assert said in str(done.exception)
    assert isinstance((await run(out, "--segment", "none")).exception, UnknownReferenceError)
    assert names_in(tmp_path) == ["taken"]


async def test_what_breaks_off_is_no_export(platform: Platform, tmp_path: Path) -> None:
    left = tmp_path / "out.partial"
    left.mkdir()
    (left / "events.jsonl").write_text('{"half')
    assert (await run(tmp_path / "out")).exit_code == 0
    assert not left.exists()
    # No file can be as long as that of the events.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        done = await run(tmp_path / "other")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(done.exception, ExportError), done.output
    assert "File too large" in str(done.exception)
    assert names_in(tmp_path) == ["out"]
    (tmp_path / "third.partial").mkdir()
    (tmp_path / "third.partial" / "mine.txt").touch()
    assert "in the way" in str((await run(tmp_path / "third")).exception)
    assert (tmp_path / "third.partial" / "mine.txt").exists()


async def test_pages_walk_indexes(platform: Platform, profiled: Any) -> None:
    ever = {"low": "0001-01-01T00:00:00Z", "low_id": "", "high": "9999-01-01T00:00:00Z"}
    for kind in Kind:
        bounds = ever if kind is Kind.EVENTS else {"after": ""}
        plan = await profiled(f"read/export_{kind}", segment=None, limit=5, **bounds)
        steps = {name: rows for name, _, rows, _ in plan}
        assert not steps.keys() & {"NodeByLabelScan", "AllNodesScan"}, plan
        # What is sorted is the page; the walk ends with it.
        assert max(rows for name, rows in steps.items() if "Index" in name) <= 6, plan
