"""docs/segments-as-code.md, at the command line: lists, previews, versions, members, and segments as code."""

import asyncio
import csv
import io
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from graphcdp.cli.main import app
from graphcdp.model.errors import GraphCDPError
from graphcdp.model.predicates import SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.record.clock import utc_now
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import Changes, archive_segment, create_segment, update_segment
from graphcdp.record.segment_files import apply_segments, read_segment_files, stored_segments, written_of
from graphcdp.segment.written import segments_text
from graphcdp.store import Store

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
PRO = {"trait": {"path": "plan", "is": {"eq": "pro"}}}
FREE = {"trait": {"path": "plan", "is": {"eq": "free"}}}

pytestmark = pytest.mark.usefixtures("_external")


async def run(*arguments: str | Path) -> Result:
    """The result of a command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["segments", *map(str, arguments)])


async def out(*arguments: str | Path) -> str:
    done = await run(*arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


async def refused(*arguments: str | Path) -> str:
    done = await run(*arguments)
    assert isinstance(done.exception, GraphCDPError), done.output
    return str(done.exception)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
async def people(store: Store, recorder: Recorder) -> None:
    """Four customers, three of them on one plan; two segments."""
    await recorder.record(
        [
            {
                "type": "identify",
                "identifiers": [("user", who), ("email", f"{who}@example.com"), ("device", f"d-{who}")],
                "traits": {"plan": plan, "address": {"city": "Huế, old town"}, "n": 1.5},
            }
            for who, plan in (("ann", "pro"), ("bob", "pro"), ("cem", "pro"), ("dan", "free"))
        ]
    )
    await create_segment(store, "pro", "Professionals", "Paying.", parse_predicate(PRO), NOW)
    await create_segment(store, "everybody", "Everybody", None, parse_predicate({"hasIdentifier": "user"}), NOW)


async def state(store: Store) -> dict[str, tuple[Any, ...]]:
    return {
        row["key"]: (row["name"], row["status"], row["version"], row["size"], row["rule_text"])
        for row in await store.read("segment/all")
    }


@pytest.mark.usefixtures("people")
async def test_a_list_and_one_of_it(store: Store) -> None:
    await archive_segment(store, SegmentName(key="everybody"), NOW)
    told = await out("list")
    assert "Professionals" in told
    assert 'plan = "pro"' in told
    assert "everybody" not in told
    assert "everybody" in await out("list", "--archived")
    (row,) = json.loads(await out("list", "--json"))
    assert (row["key"], row["size"], row["rule"]) == ("pro", 3, PRO)
    assert json.loads(await out("show", "pro", "--json")) == row
    assert "Paying." in await out("show", row["id"])
    assert "no segment 'none'" in await refused("show", "none")


@pytest.mark.usefixtures("people")
async def test_a_preview_of_a_rule(tmp_path: Path) -> None:
    told = await out("preview", json.dumps(PRO), "--segment", "everybody", "--sample", "1")
    assert "selects 3 customers (75.0% of all customers)" in told
    assert "0 would enter everybody, 1 leave it" in told
    assert "email:" in told
    file = tmp_path / "rule.yaml"
    file.write_text("trait: {path: plan, is: {eq: pro}}\n")
    found = json.loads(await out("preview", file, "--json"))
    assert (found["count"], found["difference"], len(found["sample"])) == (3, None, 3)
    assert sorted(found["overlaps"], key=lambda one: str(one["key"])) == [
        {"key": "everybody", "both": 3, "size": 4},
        {"key": "pro", "both": 3, "size": 3},
    ]
    in_words = json.loads(await out("preview", 'plan = "pro"', "--json", "--sample", "0"))
    assert (in_words["count"], in_words["ruleText"], in_words["sample"]) == (3, 'plan = "pro"', [])
    assert "Line 1, column 8" in await refused("preview", 'plan = = "pro"')
    assert "cannot be read" in await refused("preview", tmp_path / "none.yaml")
    assert "expected exactly one of" in await refused("preview", "{}")
    assert "or it is archived" in await refused("preview", '{"inSegment": {"key": "none"}}')


@pytest.mark.usefixtures("people")
async def test_versions_back_archive_and_restore(store: Store) -> None:
    await update_segment(store, SegmentName(key="pro"), 1, Changes(name="Pros", rule=parse_predicate(FREE)), NOW)
    assert "name, rule" in await out("versions", "pro")
    assert "version 3" in await out("revert", "pro", "--to", "1")
    await out("archive", "pro")
    assert (await state(store))["pro"][1] == "ARCHIVED"
    await out("restore", "pro")
    assert (await state(store))["pro"] == ("Professionals", "LIVE", 5, 3, 'plan = "pro"')
    told = json.loads(await out("versions", "pro", "--json"))
    assert [(one["action"], one["by"]) for one in told] == [
        ("RESTORED", "cli"),
        ("ARCHIVED", "cli"),
        ("REVERTED", "cli"),
        ("CHANGED", "owner"),
        ("CREATED", "owner"),
    ]
    assert "No version 9" in await refused("revert", "pro", "--to", "9")


@pytest.mark.usefixtures("people")
async def test_members_as_csv(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(await out("members", "pro", "--fields", "id,email,traits.address.city"))))
    assert sorted(row["email"] for row in rows) == ["ann@example.com", "bob@example.com", "cem@example.com"]
    assert {row["traits.address.city"] for row in rows} == {"Huế, old town"}
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    file = tmp_path / "pro.csv"
    await out("members", "pro", "-o", file)
    (first, *_) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    assert list(first) == ["id", "enteredAt", "email", "phone", "user", "traits"]
    assert json.loads(first["traits"])["n"] == 1.5
    assert file.stat().st_mode & 0o077 == 0
    assert names_in(tmp_path) == ["pro.csv"]


@pytest.mark.usefixtures("people")
async def test_members_as_json_lines_and_parquet(tmp_path: Path) -> None:
    fields = "id,enteredAt,user,identifiers,traits,traits.n,identifier.loyalty"
    lines = [
        json.loads(line) for line in (await out("members", "pro", "--format", "jsonl", "--fields", fields)).splitlines()
    ]
    assert len(lines) == 3
    assert set(lines[0]) == set(fields.split(","))
    assert (lines[0]["traits.n"], lines[0]["identifier.loyalty"]) == (1.5, None)
    assert f"user:{lines[0]['user']}" in lines[0]["identifiers"]
    file = tmp_path / "pro.parquet"
    await out("members", "pro", "--format", "parquet", "--fields", fields, "-o", file)
    table = pq.read_table(file).to_pylist()
    assert [row["id"] for row in table] == [line["id"] for line in lines]
    assert json.loads(table[0]["traits"]) == lines[0]["traits"]


@pytest.mark.usefixtures("people")
async def test_members_that_cannot_be_written(tmp_path: Path) -> None:
    assert "no field 'mail'" in await refused("members", "pro", "--fields", "id,mail")
    assert "name one with -o" in await refused("members", "pro", "--format", "parquet")
    assert "cannot be written" in await refused("members", "pro", "-o", tmp_path / "none" / "x.csv")
    assert "no segment 'none'" in await refused("members", "none", "-o", tmp_path / "x.csv")
    assert names_in(tmp_path) == []


async def test_members_at_a_past_time(store: Store, recorder: Recorder) -> None:
    await create_segment(store, "pro", "Pro", None, parse_predicate(PRO), NOW)

    async def states(plan: str) -> None:
        await recorder.record([{"type": "identify", "identifiers": [("user", "ann")], "traits": {"plan": plan}}])

    times = [utc_now()]
    for plan in ("pro", "free", "pro"):
        await states(plan)
        times.append(utc_now())
    told = [await out("members", "pro", "--fields", "user,enteredAt", "--at", at.isoformat()) for at in times]
    rows = [list(csv.DictReader(io.StringIO(one))) for one in told]
    assert [[row["user"] for row in one] for one in rows] == [[], ["ann"], [], ["ann"]]
    assert rows[1][0]["enteredAt"] < rows[3][0]["enteredAt"]
    assert "is to come" in await refused("members", "pro", "--at", "2999-01-01")
    assert "no RFC 3339 time" in await refused("members", "pro", "--at", "yesterday")


async def test_a_check_repairs_and_tells(store: Store, recorder: Recorder) -> None:
    await create_segment(store, "all", "All", None, parse_predicate({"all": []}), NOW)
    await recorder.record([{"name": "Seen", "identifiers": [("user", "ann")]}])
    assert "1 segments were checked, 1 are as their rules say." in await out("check")
    await store.transact(lambda tx: tx.run_generated(Statement("MATCH ()-[m:IN_SEGMENT]->() DELETE m")))
    done = await run("check")
    assert done.exit_code == 3
    assert "all: 1 were missing, 0 too many; repaired." in done.stdout
    assert json.loads(await out("check", "--json")) == [{"key": "all", "missing": [], "extra": []}]


async def test_what_is_discovered_can_be_previewed(store: Store, recorder: Recorder) -> None:
    choose = random.Random(3)
    await recorder.record(
        [
            {
                "name": name,
                "id": f"m{who}-{number}",
                "at": NOW - timedelta(days=choose.randrange(60)),
                "identifiers": [("user", f"u{who}")],
            }
            for who in range(120)
            for number, name in enumerate(["Order Completed"] * 8 if who % 3 == 0 else ["Page Viewed"] * 2)
        ]
    )
    found = json.loads(await out("discover", "--json", "--count", "3"))
    assert found["customers"] == 120
    (first, *_) = found["suggestions"]
    assert json.loads(await out("preview", first["ruleText"], "--json"))["count"] == first["size"]
    assert "no segment 'none'" in await refused("discover", "--within", "in segment none")


async def test_members_of_many_pages(store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcdp.read.segment_members.IDS_PAGE", 7)
    monkeypatch.setattr("graphcdp.read.segment_members.PAGE_ROWS", 3)
    await create_segment(store, "all", "All", None, parse_predicate({"all": []}), NOW)
    await recorder.record([{"name": "Seen", "identifiers": [("user", f"u{n:02}")]} for n in range(21)])
    told = (await out("members", "all", "--fields", "user")).splitlines()
    assert sorted(told[1:]) == [f"u{n:02}" for n in range(21)]


FILE = """segments:
  everybody:
    name: Everybody
    rule: {hasIdentifier: user}
  loyal:
    name: Loyal ones
    description: |
      Who pays
      and stays.
    rule:
      all:
        - inSegment: {key: payers}
        - trait: {path: no, is: {eq: no}}
  payers:
    rule: plan in ("pro", "max")
"""


@pytest.mark.usefixtures("people")
async def test_a_file_is_compared_and_applied(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text(FILE)
    before = await state(store)
    told = {one["key"]: one for one in json.loads(await out("diff", file, "--prune", "--json"))}
    assert {key: (one["todo"], one["entering"], one["leaving"]) for key, one in told.items()} == {
        "everybody": ("NOTHING", None, None),
        "payers": ("CREATE", 3, 0),
        "loyal": ("CREATE", None, None),
        "pro": ("ARCHIVE", 0, 3),
    }
    plain = await run("diff", file, "--prune", "--exit-code")
    assert plain.exit_code == 3
    assert "2 to create, 1 to archive, 1 as they were." in plain.stdout
    assert await state(store) == before
    assert "2 created, 1 archived, 1 as they were." in await out("apply", file, "--prune")
    found = await state(store)
    assert found["payers"] == ("payers", "LIVE", 1, 3, 'plan in ("pro", "max")')
    assert found["loyal"][1:4] == ("LIVE", 1, 0)
    assert found["pro"][1] == "ARCHIVED"
    assert "3 as they were." in await out("apply", file, "--prune")
    assert await state(store) == found
    assert (await run("diff", file, "--prune", "--exit-code")).exit_code == 0


@pytest.mark.usefixtures("people")
async def test_an_export_changes_nothing(store: Store, tmp_path: Path) -> None:
    by_id = {"not": {"inSegment": {"id": (await store.read("segment/by_keys", keys=["pro"]))[0]["id"]}}}
    await create_segment(store, "others", "No: the 'rest' #1", 'Über\n"quoted"', parse_predicate(by_id), NOW)
    await update_segment(store, SegmentName(key="pro"), 1, Changes(paused=True), NOW)
    before = await state(store)
    file = tmp_path / "segments.yaml"
    await out("export", "-o", file)
    assert "rule: not in segment pro" in file.read_text()
    assert "3 as they were." in await out("apply", file, "--prune")
    assert await state(store) == before
    assert await out("export") == file.read_text()
    await out("export", "--trees", "-o", file)
    assert "key: pro" in file.read_text()
    assert "3 as they were." in await out("apply", file, "--prune")


@pytest.mark.usefixtures("people")
async def test_a_changed_file_changes_what_differs(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    await out("export", "-o", file)
    file.write_text(file.read_text().replace('plan = "pro"', 'plan = "free"').replace("Everybody", "All"))
    told = {one["key"]: one for one in json.loads(await out("diff", file, "--json"))}
    assert (told["pro"]["changed"], told["pro"]["entering"], told["pro"]["leaving"]) == (["RULE"], 1, 3)
    assert told["everybody"]["changed"] == ["NAME"]
    assert "-> All" in await out("diff", file)
    assert "2 changed." in await out("apply", file)
    assert (await state(store))["pro"] == ("Professionals", "LIVE", 2, 1, 'plan = "free"')


async def test_nothing_is_applied_when_something_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text("segments:\n  a: {rule: {all: []}}\n  b:\n    rule: {inSegment: {key: none}}\n")
    assert f"{file}:3: b: There is no segment 'none'" in await refused("apply", file)
    assert await state(store) == {}
    file.write_text("segments:\n  a: {rule: {inSegment: {key: b}}}\n  b: {rule: {inSegment: {key: a}}}\n")
    assert f"{file}:2: a: There is no segment 'b'" in await refused("apply", file)
    assert await state(store) == {}


async def test_rules_that_name_each_other_the_other_way_round(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text("segments:\n  a: {rule: {inSegment: {key: b}}}\n  b: {rule: {all: []}}\n")
    await out("apply", file)
    file.write_text("segments:\n  a: {rule: {all: []}}\n  b: {rule: {inSegment: {key: a}}}\n")
    await out("apply", file)
    assert (await state(store))["b"][4] == 'in segment "a"'


async def test_an_archived_one_in_the_file_comes_back_changed(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text("segments:\n  a: {rule: {all: []}}\n  b: {rule: {inSegment: {key: a}}}\n")
    await out("apply", file)
    file.write_text("segments: {}\n")
    await out("apply", file, "--prune")
    assert {key: one[1] for key, one in (await state(store)).items()} == {"a": "ARCHIVED", "b": "ARCHIVED"}
    file.write_text("segments:\n  b: {name: Bees, rule: {any: []}, paused: true}\n")
    assert "1 restored." in await out("apply", file)
    assert (await state(store))["b"][:3] == ("Bees", "PAUSED", 3)
    assert "1 as they were." in await out("apply", file)


async def test_a_folder_is_one_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("segments:\n  a: {rule: {inSegment: {key: b}}}\n")
    (tmp_path / "b.yml").write_text("segments:\n  b: {rule: {all: []}}\n")
    (tmp_path / "notes.txt").write_text("no YAML: [")
    await out("apply", tmp_path)
    assert sorted(await state(store)) == ["a", "b"]
    (tmp_path / "c.yaml").write_text("segments:\n  b: {rule: {any: []}}\n")
    assert f"{tmp_path / 'c.yaml'}:2: b stands in {tmp_path / 'b.yml'}:2 already." in await refused("diff", tmp_path)


BAD = """segments:
  Bad Key: {rule: {all: []}}
  other:
    nmae: x
    paused: maybe
    rule:
      all:
        - trait: {path: plan, is: {eq: pro}}
        - trait: {path: plan, is: {eg: pro}}
  none: {name: None}
  words: {rule: plan pro}
  lines:
    rule: |
      plan = "pro"
      and = 3
"""


async def test_what_is_wrong_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    told = [line for line in (await refused("validate", file)).splitlines() if line.startswith(f"{file}:")]
    assert [line.split(": ")[0].removeprefix(f"{file}:") for line in told] == ["2", "4", "5", "9", "10", "11", "15"]
    assert "expected one of eq, neq" in told[3]
    for text, why in (
        ("- a\n", "must hold `segments:`"),
        ("a: [", "is no YAML"),
        ("", "nothing in it"),
        (
            "segments:\n  a: {rule: {all: []}}\n  a: {}\n",
            f"{file}:2: a: 'a' stands there twice, the second time in line 3",
        ),
        ("segments: {a: &x {rule: {not: *x}}}", "aliases repeat too much"),
    ):
        file.write_text(text)
        assert why in await refused("validate", file)
    file.write_text(FILE)
    assert "It has 3 segments" in await out("validate", file)


async def test_what_is_written_is_read_as_the_same(store: Store, tmp_path: Path) -> None:
    """Random segments, also with words that YAML takes for something else."""
    choose = random.Random(5)
    words = [
        "no",
        "1e5",
        "0x1f",
        "012",
        "~",
        "null",
        "2026-01-31",
        "a: b",
        "- x",
        "#",
        "é\n",
        " x ",
        "true",
        ".5",
        "",
        "1_0",
    ]
    values: list[Any] = [word for word in words if word] + [True, 1, 1.5, -0.0, 10**17, 1e300]
    for number in range(40):
        test = {
            "trait": {"path": choose.choice(words) or "x", "is": {choose.choice(["eq", "neq"]): choose.choice(values)}}
        }
        name, text = choose.choice(words).strip() or "x", choose.choice(words)
        rule = parse_predicate({"any": [test, {"all": [{"hasIdentifier": choose.choice(words) or "x"}]}]})
        await create_segment(store, f"s{number}", name, text, rule, NOW)
    written, unreadable = written_of(await stored_segments(store))
    file = tmp_path / "segments.yaml"
    file.write_text(segments_text(written), encoding="utf-8")
    again = read_segment_files(file)
    assert unreadable == []
    assert segments_text(again) == segments_text(written)
    done = await apply_segments(store, again, NOW, prune=True)
    assert {step.todo for step in done} == {"NOTHING"}
