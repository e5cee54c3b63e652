"""docs/import.md, stopped and started again: what an import is known by, and what is kept of it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphcdp.model.errors import ImportFileError
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.record.checkpoints import HEAD_BYTES, checkpoints, import_key, keep_checkpoint
from graphcdp.record.files import Row
from graphcdp.record.load import LoadReport
from graphcdp.record.mapping import build_mapping
from graphcdp.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_import_is_the_file_as_it_is_and_how_it_is_read(tmp_path: Path) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    mapping = build_mapping(columns=["user=u"])
    for file in (path, other):
        file.write_bytes(b"u\n" + b"1\n" * HEAD_BYTES)
        os.utime(file, ns=(1, 1))
    keys = [
        import_key(path, None),
        import_key(other, None),
        import_key(path, mapping),
        import_key(path, build_mapping(columns=["user=u"], constants=["name=N"])),
        import_key(path, mapping, source="shop"),
        import_key(path, mapping, delimiter=";"),
    ]
    assert len(set(keys)) == len(keys)
    assert import_key(path, mapping) == keys[2]
    os.utime(path, ns=(2, 2))
    assert import_key(path, mapping) != keys[2]
    os.utime(path, ns=(1, 1))
    assert import_key(path, mapping) == keys[2]
    path.write_bytes(b"u\n" + b"2\n" * HEAD_BYTES)
    os.utime(path, ns=(1, 1))
    assert import_key(path, mapping) != keys[2]
    with pytest.raises(ImportFileError, match="cannot be read"):
        import_key(tmp_path / "none.csv", None)


async def test_what_is_kept_holds_no_identifier(store: Store, tmp_path: Path) -> None:
    report = LoadReport()
    warning = Problem(ProblemCode.INVALID, "The email 'ann@' was left out")
    report.add(Row(1, {}), Outcome("m1", Status.RECORDED, "cus_1", ("cus_2",), warnings=(warning,)))
    report.add(Row(2, {}), Outcome("m2", Status.REJECTED, errors=(Problem(ProblemCode.BLOCKED, "'bob' is blocked"),)))
    assert report.first_warnings
    rejected = tmp_path / "bad.jsonl"
    for finished in (False, True):
        await keep_checkpoint(
            store, "k", tmp_path, report, rejected=rejected, rejected_bytes=7, started=NOW, now=NOW, finished=finished
        )
        found = (await checkpoints(store, ["k", "other"]))["k"]
        assert (found.finished is not None) == finished
    assert (found.report.read, found.report.recorded, found.report.rejected, found.report.merged) == (2, 1, 1, 1)
    assert (found.report.warnings, found.report.rejections) == (report.warnings, report.rejections)
    assert (found.rejected, found.rejected_bytes, found.started) == (str(rejected), 7, NOW)
    (row,) = await store.read("record/import_stands", keys=["k"])
    assert "ann@" not in str(row)
    assert "bob" not in str(row)
