"""docs/import.md: Parquet goes through the same mapping as CSV and JSON Lines, batch by batch."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphcdp.model.errors import ImportFileError
from graphcdp.record import parquet
from graphcdp.record.files import BadRow, Row, RowFile, named_files
from graphcdp.record.mapping import TimeFormat, build_mapping
from graphcdp.record.parquet import json_value

ORDERS = {
    "no": [1, 2, 3],
    "customer": [7, None, 9],
    "mail": ["ann@example.com", "bob@example.com", None],
    "at": ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"],
    "total": [12.5, 3.0, 7.25],
}
MAPPING = build_mapping(
    columns=["id=no", "user=customer", "email=mail", "at=at", "properties.total:number=total"],
    constants=["name=Order Completed"],
)


def read(path: Path, **options: Any) -> list[Row | BadRow]:
    with RowFile.open(path, **options) as file:
        return list(file.rows())


def write(path: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def messages(rows: list[Row | BadRow]) -> list[dict[str, Any]]:
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.message for row in rows if isinstance(row, Row)]


def test_three_formats_make_the_same_messages(tmp_path: Path) -> None:
    table = pa.table(ORDERS)
    pq.write_table(table, tmp_path / "orders.parquet")
    rows = table.to_pylist()
    csv = [",".join(ORDERS), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
    (tmp_path / "orders.csv").write_text("\n".join(csv))
    (tmp_path / "orders.jsonl").write_text("\n".join(parquet_row(row) for row in rows))
    found = [messages(read(tmp_path / f"orders.{name}", mapping=MAPPING)) for name in ("csv", "jsonl", "parquet")]
    assert found[0] == found[1] == found[2]
    assert found[2][0]["identifiers"] == [("user", "7"), ("email", "ann@example.com")]


def parquet_row(row: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(row).decode()


def test_columns_called_as_fields_need_no_mapping(tmp_path: Path) -> None:
    path = write(tmp_path / "x.pq", {"user": ["u1"], "name": ["Seen"], "properties.n": [3]})
    (message,) = messages(read(path))
    assert (message["name"], message["properties"]) == ("Seen", {"n": 3})


def test_columns_inside_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"client": [{"id": "d1", "os": "x"}], "n": [1]})
    mapping = build_mapping(columns=["device=client.id", "properties.os=client.os"], constants=["name=Seen"])
    (message,) = messages(read(path, mapping=mapping))
    assert message["identifiers"] == [("device", "d1")]
    assert message["properties"] == {"os": "x"}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_column_of_times_says_by_itself_what_it_is(tmp_path: Path, unit: str) -> None:
    at = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
    times = pa.array([at], pa.timestamp(unit, "Europe/Berlin"))
    path = write(
        tmp_path / "x.parquet", {"user": ["u"], "when": times, "inner": pa.array([[at]], pa.list_(times.type))}
    )
    mapping = build_mapping(columns=["user=user", "at=when", "traits.*=*"], times=TimeFormat.MILLISECONDS)
    (message,) = messages(read(path, mapping=mapping))
    assert message["at"] == at
    assert message["traits"] == {"inner": ["2026-01-01T09:30:00Z"]}


def test_finer_times_than_microseconds_are_cut_off(tmp_path: Path) -> None:
    times = pa.array([1_767_225_600_000_000_001], pa.timestamp("ns"))
    path = write(tmp_path / "x.parquet", {"user": ["u"], "at": times})
    (message,) = messages(read(path))
    assert message["at"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_whole_numbers_of_a_column_with_gaps_are_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"user": [7.0, float("nan"), 7.5], "email": [None, "a@b.co", None]})
    first, second, third = read(path)
    assert isinstance(first, Row)
    assert first.message["identifiers"] == [("user", "7")]
    assert isinstance(second, Row)
    assert second.message["identifiers"] == [("email", "a@b.co")]
    assert third == BadRow(3, "user must be text, not 7.5", '{"user":7.5}')


VALUES: list[tuple[Any, Any]] = [
    (datetime(2026, 1, 1, 9, tzinfo=UTC), "2026-01-01T09:00:00Z"),
    (datetime(2026, 1, 1, 9), "2026-01-01T09:00:00"),  # noqa: DTZ001  # a time without a zone is the case
    (date(2026, 1, 1), "2026-01-01"),
    (time(9, 30), "09:30:00"),
    (timedelta(minutes=1), 60.0),
    (Decimal("12.50"), 12.5),
    (Decimal("12.00"), 12),
    (Decimal("NaN"), None),
    (Decimal(10**30), str(10**30)),
    (float("inf"), None),
    (b"abc", "abc"),
    (b"\xff\x00", "ff00"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ([("a", 1), ("b", Decimal(2))], {"a": 1, "b": 2}),
    ({"a": [date(2026, 1, 1)]}, {"a": ["2026-01-01"]}),
]


@pytest.mark.parametrize(("value", "as_json"), VALUES, ids=[repr(value) for value, _ in VALUES])
def test_values_as_json(value: Any, as_json: Any) -> None:
    assert json_value(value) == as_json


def test_a_file_is_read_batch_by_batch_and_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 10)
    path = write(tmp_path / "x.parquet", {"user": [f"u{n}" for n in range(100)]})
    with RowFile.open(path) as file:
        rows = file.rows()
        assert next(rows).line == 1
        assert 0 < file.position_bytes < file.size_bytes // 2
        assert [row.line for row in rows] == list(range(2, 101))
        assert file.position_bytes == file.size_bytes


def test_what_is_no_parquet_and_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("user\nu1\n")
    with pytest.raises(ImportFileError, match="cannot be read as Parquet") as raised:
        read(tmp_path / "text.parquet")
    assert "\n" not in str(raised.value)
    path = write(tmp_path / "x.parquet", {"mail": ["a@b.co"]})
    with pytest.raises(ImportFileError, match="has no column 'email'; its columns are mail"):
        read(path, mapping=build_mapping(columns=["email=email"]))


def test_a_file_that_is_damaged_gives_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"user": [f"u{n * 7919 % 100_003}" for n in range(20_000)]})
    pq.write_table(table, path, row_group_size=10_000, use_dictionary=False)
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle + 100 : middle + 30_000] = bytes(29_900)
    path.write_bytes(damaged)
    *rows, last = read(path)
    assert len(rows) >= 10_000
    assert isinstance(last, BadRow)
    assert last.line == len(rows) + 1
    assert last.reason.startswith("the file cannot be read past this line")


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.parquet", {"user": ["u"]})

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(parquet.importlib, "import_module", missing)
    with pytest.raises(ImportFileError, match=r"graphcdp\[parquet\]"):
        read(path)


def test_patterns_name_files_and_leave_out_kept_rows(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "a.jsonl.rejected.jsonl", "in/c.jsonl", "[x].jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def named(*patterns: str) -> list[str]:
        return [str(path.relative_to(tmp_path)) for path in named_files(tmp_path / pattern for pattern in patterns)]

    assert named("[ab].jsonl", "a.jsonl") == ["a.jsonl", "b.jsonl"]
    assert named("**/c.jsonl") == ["in/c.jsonl"]
    assert named("[x].jsonl") == ["[x].jsonl"]
    assert named("none.jsonl") == ["none.jsonl"]
    with pytest.raises(ImportFileError, match="No file fits"):
        named("*.csv")
