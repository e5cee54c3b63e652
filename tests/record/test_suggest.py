"""docs/import.md, the suggested mapping: what it makes of columns, and that import takes it as it is printed."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphcdp.model.errors import ImportFileError
from graphcdp.record.columns import columns_of
from graphcdp.record.files import Format, Record, Row, RowFile
from graphcdp.record.mapping import ImportMapping, build_mapping, load_mapping
from graphcdp.record.suggest import are_targets, as_yaml, suggest
from graphcdp.record.tracking import is_tracking_format
from graphcdp.resolve.rules import IdentityRules

RULES = IdentityRules(region="VN")
ORDERS = [
    {
        "order_no": f"A{1000 + n}",
        "customer_no": 7 + n % 3,
        "E-Mail": f"ann{n % 3}@example.com",
        "ordered_at": f"2026-01-{n + 1:02}T10:00:00Z",
        "total": 12.5 + n,
        "paid": n % 2 == 0,
        "no": "a note: with #, colon",
        "first name": "Ann",
        "zip": f"0{n}234",
    }
    for n in range(20)
]


def yaml_of(path: Path) -> str:
    with RowFile.open_unmapped(path) as file:
        rows = [record.values for record in file.records() if isinstance(record, Record)]
        columns = columns_of(rows, file.columns, is_text=file.format is Format.CSV)
    return as_yaml(suggest(columns, RULES, path.stem), path.name, len(rows))


def mapping_of(path: Path) -> ImportMapping:
    return build_mapping(load_mapping(yaml_of(path), "suggested"))


def messages(path: Path, mapping: ImportMapping) -> list[dict[str, Any]]:
    with RowFile.open(path, mapping) as file:
        rows = list(file.rows())
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.message for row in rows if isinstance(row, Row)]


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name.endswith(".csv"):
        cells = [[json.dumps(v) if isinstance(v, str) else str(v).lower() for v in row.values()] for row in rows]
        path.write_text("\n".join(",".join(line) for line in [[json.dumps(n) for n in rows[0]], *cells]))
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_suggestion_is_taken_by_import(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, f"web-orders.{ending}", ORDERS)
    found = messages(path, mapping_of(path))
    assert len(found) == 20
    (first, *_) = found
    assert first.pop("at").isoformat() == "2026-01-01T10:00:00+00:00"
    assert first == {
        "type": "track",
        "id": "A1000",
        "name": "Web Orders",
        "identifiers": [("user", "7"), ("email", "ann0@example.com")],
        "properties": {"total": 12.5, "paid": True, "no": "a note: with #, colon"},
        "traits": {"first_name": "Ann", "zip": "00234"},
        "source": "import",
    }


def targets(rows: list[dict[str, Any]], *, is_text: bool = True) -> dict[str, str | None]:
    found = suggest(columns_of(rows, list(rows[0]), is_text=is_text), RULES, "file")
    assert all(choice.why for choice in found.choices)
    return {choice.column: choice.target for choice in found.choices}


IDENTIFIERS = """
name              | values                                    | target
mail              | ann@example.com, bob@example.org          | email
note              | ann@example.com, nobody                   | properties.note
mobile            | 0903123456, +84903123457                  | phone
whom              | +84903123456, +14155550132                | phone
total             | 0903123456, 0903123457                    | properties.total
customer_no       | 7, 8                                      | user
userId            | ann, bob                                  | user
uid               | 7, 8                                      | user
user_name         | Ann A, Bob B                              | traits.user_name
customer_type     | new, old                                  | traits.customer_type
device_id         | d-81, d-82                                | device
device_type       | phone, tablet                             | properties.device_type
idfa              | EA7583CD-A667-48BC-B806-42ECB2B48606      | device
anonymousId       | a1, a2                                    | anonymous
ga_client_id      | 1234567.1767225600, 1234567.1767225601    | anonymous
client_id         | GA1.2.1234567.1767225600                  | anonymous
client_id         | 71, 72                                    | user
session_id        | s1, s2                                    | properties.session_id
Loyalty card      | 77, 78                                    | traits.Loyalty_card
api_token         | abc, def                                  | None
empty             |                                           | None
"""


@pytest.mark.parametrize("row", IDENTIFIERS.strip().splitlines()[1:])
def test_identifiers_by_name_and_shape(row: str) -> None:
    name, values, target = (cell.strip() for cell in row.split("|"))
    cells = [value.strip() for value in values.split(",")]
    # Beside what makes it a file of events with a customer of its own.
    rows = [{"event": "Seen", "member_id": "m1", name: cell} for cell in cells]
    assert str(targets(rows)[name]) == target


TYPES = """
values          | type
1, -2.5         | :number
1, x            |
01, 02          |
yes, no         | :boolean
[1], [2]        | :json
[1], {          |
"""


@pytest.mark.parametrize("row", TYPES.strip().splitlines()[1:])
def test_types_of_cells(row: str) -> None:
    values, suffix = (cell.strip() for cell in row.split("|"))
    rows = [{"event": "Seen", "user": "u1", "x": cell.strip()} for cell in values.split(",")]
    assert targets(rows)["x"] == f"properties.x{suffix}"
    assert targets(rows, is_text=False)["x"] == "properties.x", "such a file tells types itself"


TIMES = """
columns                                        | at          | times
ts=1767225600 n=5                              | ts          | seconds
ts=1767225600000                               | ts          | milliseconds
received_at=2026-01-02 occurred_at=2026-01-01  | occurred_at | iso
birth_date=1990-01-01 date=2026-01-01          | date        | iso
count=1767225600                               | None        | None
when=1.2.2026                                  | None        | None
updated=2026-01-02 timestamp=2026-01-01        | timestamp   | iso
"""


@pytest.mark.parametrize("row", TIMES.strip().splitlines()[1:])
def test_times_and_their_format(row: str) -> None:
    columns, at, times = (cell.strip() for cell in row.split("|"))
    given = {"event": "Seen", "user": "u1", **dict(pair.split("=") for pair in columns.split())}
    found = suggest(columns_of([given], None, is_text=True), RULES, "file")
    assert str(next((one.column for one in found.choices if one.target == "at"), None)) == at
    assert str(found.times and found.times[0]) == times


def test_a_file_of_people_becomes_identifies(tmp_path: Path) -> None:
    rows = [{"id": n, "name": f"Ann {n}", "mobile": f"09031234{n}", "updated": "2026-01-01"} for n in range(10, 20)]
    path = write(tmp_path, "people.csv", rows)
    first = messages(path, mapping_of(path))[0]
    assert (first["type"], first["traits"]) == ("identify", {"name": "Ann 10"})
    assert first["identifiers"] == [("user", "10"), ("phone", "0903123410")]
    assert first["at"].year == 2026


def test_objects_within_objects(tmp_path: Path) -> None:
    rows = [
        {"what": "Read", "ts": 1767225600000 + n, "client": {"install": "d-81"}, "data": {"a": {"b": n}, "l": [1]}}
        for n in range(3)
    ]
    for ending in ("jsonl", "parquet"):
        path = write(tmp_path, f"app.{ending}", rows)
        (first, *_) = messages(path, mapping_of(path))
        assert (first["name"], first["identifiers"]) == ("Read", [("device", "d-81")])
        assert first["properties"] == {"a": {"b": 0}, "l": [1]}


def test_names_that_yaml_and_fields_would_misread(tmp_path: Path) -> None:
    names = ["yes", "a: b", "# c", "a.b", "a", "a:number", "ü", "%", 'it\'s "so"', "💡", "line\u2028end"]
    rows = [{"user": "u1", "event": "Seen", **{name: f"v{n}" for n, name in enumerate(names)}}]
    for ending in ("csv", "jsonl", "parquet"):
        path = tmp_path / f"odd.{ending}"
        if ending == "csv":
            quoted = ['"' + name.replace('"', '""') + '"' for name in rows[0]]
            path.write_text(",".join(quoted) + "\n" + ",".join(rows[0].values()) + "\n")
        else:
            write(tmp_path, path.name, rows)
        (first,) = messages(path, mapping_of(path))
        values = json.dumps(first["properties"])
        assert all(f'"v{n}"' in values for n in range(len(names))), values


def test_nothing_tells_whose_rows_are() -> None:
    with pytest.raises(ImportFileError, match=r"whose the rows are.*colour, size"):
        targets([{"colour": "red", "size": "1"}])


def test_files_that_need_no_mapping() -> None:
    assert is_tracking_format([{"type": "track", "event": "Seen", "userId": "u1"}] * 2 + [{"x": 1}])
    assert not is_tracking_format([{"event": "Seen", "uid": "u1"}])
    assert are_targets(["id", "name", "at", "email", "properties.total:number"])
    assert not are_targets(["id", "name", "email"])
