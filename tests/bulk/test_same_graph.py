"""docs/import.md, --bulk: the graph is the one that the recorder writes for the same rows in the same order."""

import gzip
import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from graphcdp.bulk import chunks, load
from graphcdp.embedded.admin import ImportFiles
from graphcdp.model.problems import ProblemCode
from graphcdp.record.clock import utc_now
from graphcdp.record.files import RowFile
from graphcdp.record.load import LoadReport, load_rows
from graphcdp.record.mapping import ImportMapping, build_mapping
from graphcdp.record.plan_file import read_plan_file
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.bulk import rows
from tests.bulk.graphs import COUNTED, dump, dump_files, sources

RULES = {
    "protect": IdentityRules.model_validate({"region": "VN", "kinds": {"device": {"limit": 4}, "email": {"limit": 2}}}),
    "last_login": IdentityRules.model_validate(
        {"region": "VN", "shared_device": "last_login", "kinds": {"device": {"limit": 4, "window": "P30D"}}}
    ),
    "never": IdentityRules.model_validate({"region": "VN", "merge": "never"}),
    "always": IdentityRules.model_validate({"region": "VN", "merge": "always"}),
}


def files(folder: Path, seed: int, total: int) -> dict[Path, ImportMapping | None]:
    """Files with their mappings, to be read in this order."""
    csv, jsonl, parquet = folder / "orders.csv", folder / "app.jsonl.gz", folder / "visits.parquet"
    rows.write_csv(csv, seed, total)
    rows.write_jsonl(jsonl, seed, total)
    rows.write_parquet(parquet, seed, total)
    return {csv: build_mapping(rows.CSV_MAPPING), jsonl: None, parquet: build_mapping(rows.PARQUET_MAPPING)}


async def recorded(
    store: Store,
    mappings: dict[Path, ImportMapping | None],
    rules: IdentityRules,
    now: datetime,
    limits: CustomerLimits,
    plan: Path | None,
) -> tuple[list[tuple[int, str]], list[str]]:
    """The rows that were refused, and the graph, by the recorder."""
    refused: list[tuple[int, str]] = []
    moments = count()

    def clock() -> datetime:
        # Ids of two batches are sure to differ only when they are not made in the same millisecond.
        return now + timedelta(milliseconds=next(moments))

    held_to = None if plan is None else read_plan_file(plan)
    recorder = Recorder(store, rules, batch_max=1, limits=limits, plan=held_to, clock=clock)
    for path, mapping in mappings.items():
        with RowFile.open(path, mapping) as file:
            await load_rows(
                recorder, file.rows(), report=LoadReport(), on_bad=lambda bad: refused.append((bad.line, bad.reason))
            )
    return refused, await dump(store)


def prepared(
    folder: Path,
    mappings: dict[Path, ImportMapping | None],
    rules: IdentityRules,
    now: datetime,
    limits: CustomerLimits,
    plan: Path | None,
) -> tuple[list[tuple[int, str]], ImportFiles, load.BulkReport]:
    """The rows that were refused, and the import files of a first load."""
    refused: list[tuple[int, str]] = []
    given = load.BulkInput(
        paths=list(mappings),
        open_file=lambda path: RowFile.open(path, mappings[path]),
        source=None,
        delimiter=None,
        rules=rules,
        kept=(),
        now=now,
        limits=limits,
        plan=plan,
    )
    watch = load.Watch(on_refused=lambda path, row: refused.append((row.line, row.reason)))
    report, made = load.prepare(folder, given, watch)
    return refused, made, report


async def compared(
    folder: Path,
    store: Store,
    mappings: dict[Path, ImportMapping | None],
    rules: IdentityRules,
    limits: CustomerLimits = NO_LIMITS,
    plan: Path | None = None,
) -> load.BulkReport:
    """Loads the files both ways; both must refuse the same rows and make the same graph."""
    now = utc_now()
    work = folder / "work"
    work.mkdir()
    refused, made, report = prepared(work, mappings, rules, now, limits, plan)
    theirs, graph = await recorded(store, mappings, rules, now, limits, plan)
    assert refused == theirs
    mine, other = Counter(dump_files(made, report.late)), Counter(graph)
    assert sorted((mine - other).elements())[:5] == sorted((other - mine).elements())[:5]
    counted = {name: [getattr(tally, part) for part in COUNTED] for name, tally in report.tallies.items()}
    assert counted == await sources(store)
    return report


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RULES)
async def test_the_same_graph_as_the_recorders(
    name: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compares both graphs line by line; merges leave no history in a first load, so that is left out."""
    rules = RULES[name]
    mappings = files(tmp_path, 7, 160)
    # So that small files have many pieces.
    monkeypatch.setattr(chunks, "PIECE_BYTES", 4000)
    report = await compared(tmp_path, store, mappings, rules)
    assert len(report.late) > 10
    assert report.contested > 3 or name == "always"


@pytest.mark.timeout(300)
async def test_limits_on_customers_and_a_tracking_plan(tmp_path: Path, store: Store, rules: IdentityRules) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "events:\n"
        "  Seen: {violations: refuse, properties: {long: {type: string, maxLength: 1000}}}\n"
        "  Order Completed: {properties: {total: {type: number, minimum: 1}}}\n"
        "unknown_events: mark\n"
    )
    report = await compared(tmp_path, store, files(tmp_path, 11, 160), rules, CustomerLimits(2, 4), plan)
    assert report.contested > 5
    assert report.warnings[ProblemCode.FULL] > 5
    assert report.warnings[ProblemCode.PLAN] > 5


@pytest.mark.timeout(300)
async def test_files_that_do_not_fall_into_pieces(tmp_path: Path, store: Store, rules: IdentityRules) -> None:
    """No rows, fields over several lines, a quote of its own, an end that is missing, a row whose id comes twice."""
    empty, wide, inches, cut, twice = (
        tmp_path / name for name in ("empty.csv", "wide.csv", "inches.csv", "cut.jsonl.gz", "twice.jsonl")
    )
    empty.write_text("user,name\n")
    wide.write_text(
        "user,name,at,properties.note\r\n"
        'u1,Seen,2026-01-01,"two\nlines"\r\nu2,Seen,2026-01-01,one\r\n\r\nu3,Seen,2026-01-01,"a, ""b"""\r\n'
    )
    inches.write_text('user,name,at,properties.size\nu1,Seen,2026-01-01,5" wide\nu2,Seen,2026-01-01,"6"\n')
    plain = {"type": "track", "event": "Seen", "timestamp": "2026-01-01"}
    sent = [{**plain, "messageId": f"c{n}", "userId": f"u{n}"} for n in range(400)]
    whole = gzip.compress("".join(f"{json.dumps(one)}\n" for one in sent).encode())
    cut.write_bytes(whole[: len(whole) // 2])
    # What cannot be in a file is set afterwards, on the message that was recorded alone.
    odd = [{**sent[0], "messageId": "same", "properties": {"{x}": n}} for n in (1, 2)]
    twice.write_text("".join(f"{json.dumps(one)}\n" for one in odd))
    mappings: dict[Path, ImportMapping | None] = dict.fromkeys((empty, wide, inches, cut, twice))
    report = await compared(tmp_path, store, mappings, rules)
    assert report.duplicates == 1
    assert len(report.late) == 1
