"""docs/import.md: rows of files become messages; bad ones keep their line and say why."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphcdp.model.errors import ImportFileError
from graphcdp.record.files import LINE_BYTES_MAX, BadRow, Row, RowFile
from graphcdp.record.intake import take
from graphcdp.record.mapping import TimeFormat, build_mapping

EVENTS = Path(__file__).parent.parent / "data" / "events_20_households.jsonl.gz"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path, **options: Any) -> list[Row | BadRow]:
    with RowFile.open(path, **options) as file:
        return list(file.rows())


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def good(rows: list[Row | BadRow]) -> list[dict[str, Any]]:
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.message for row in rows if isinstance(row, Row)]


def bad(rows: list[Row | BadRow]) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in rows if isinstance(row, BadRow)]


def test_a_csv_whose_columns_are_fields_needs_no_mapping(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "orders.csv",
        "id,name,at,email,identifiers.card,properties.total:number,traits.address.city\n"
        "m1,Order Completed,2026-03-01T10:00:00+02:00,ann@example.com,77,12.50,Bonn\n"
        "m2,Order Completed,2026-03-01,,78,3,\n",
    )
    first, second = good(read(path))
    assert first == {
        "type": "track",
        "id": "m1",
        "name": "Order Completed",
        "at": datetime.fromisoformat("2026-03-01T10:00:00+02:00"),
        "identifiers": [("email", "ann@example.com"), ("card", "77")],
        "properties": {"total": 12.5},
        "traits": {"address": {"city": "Bonn"}},
        "source": "import",
    }
    assert second["identifiers"] == [("card", "78")]
    assert second["at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert second["properties"] == {"total": 3}
    assert "traits" not in second


def test_a_mapping_with_constants_types_and_all_other_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "shop.csv", 'no;when;mail;paid;extra;note\n7;1767225600;a@b.co;yes;{"a":[1]};hi\n')
    mapping = build_mapping(
        {"columns": {"user": "no", "at": "when", "properties.paid:boolean": "paid", "properties.more:json": "extra"}},
        columns=["email=mail", "properties.*=*"],
        constants=["name=Order Completed", "context.channel=shop"],
        times=TimeFormat.SECONDS,
    )
    (message,) = good(read(path, mapping=mapping, source="till"))
    assert message.pop("id").startswith("row-")
    assert message == {
        "type": "track",
        "name": "Order Completed",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "identifiers": [("user", "7"), ("email", "a@b.co")],
        "properties": {"paid": True, "more": {"a": [1]}, "note": "hi"},
        "context": {"channel": "shop"},
        "source": "till",
    }


def test_rows_without_a_name_are_identifies(tmp_path: Path) -> None:
    path = write(tmp_path, "people.csv", "mail,plan\na@b.co,free\n")
    mapping = build_mapping(columns=["email=mail", "traits.*=*"])
    (message,) = good(read(path, mapping=mapping))
    assert message["type"] == "identify"
    assert message["traits"] == {"plan": "free"}


def test_bad_csv_rows_do_not_harm_others_and_keep_their_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "rows.csv",
        b"id,name,user,at,properties.n:number\r\n"
        b"1,A,u1,2026-01-01,1\r\n"
        b'2,"A name\r\nin two lines",u2,2026-01-01,2\r\n'
        b"3,A,u3\r\n"
        b"4,A,u4,2026-01-01,4,more\r\n"
        b"\r\n"
        b"5,A,u5,1.1.2026,5\r\n"
        b"6,A,u6,2026-01-01,many\r\n"
        b'7,"A"x,u7,2026-01-01,7\r\n'
        b"8,\xe4,u8,2026-01-01,8\r\n"
        b"9,A,u9,2026-01-01,9\r\n"
        b'10,"A,u10,2026-01-01,10\r\n',
    )
    rows = read(path)
    assert [row.line for row in rows if isinstance(row, Row)] == [2, 3, 12]
    reasons = dict(bad(rows))
    assert sorted(reasons) == [5, 6, 8, 9, 10, 11, 13]
    assert reasons[5] == "3 fields, but the header has 5"
    assert reasons[6] == "6 fields, but the header has 5"
    assert "1.1.2026" in reasons[8]
    assert reasons[9] == "column properties.n:number is 'many', no number"
    assert "malformed CSV" in reasons[10]
    assert "no UTF-8" in reasons[11]
    assert "not closed" in reasons[13]
    texts = {row.line: row.text for row in rows}
    assert texts[3] == '2,"A name\r\nin two lines",u2,2026-01-01,2'
    assert texts[5] == "3,A,u3"


def test_an_unclosed_quote_swallows_a_part_only(tmp_path: Path) -> None:
    lines = ["id,name,user", '0,"open,u', *(f"{n},A,u{n}" for n in range(40_000))]
    rows = read(write(tmp_path, "open.csv", "\n".join(lines)))
    assert bad(rows)[0] == (2, "a quote that opens in this row is not closed")
    assert sum(isinstance(row, Row) for row in rows) > 20_000
    last = rows[-1]
    assert (last.line, last.text) == (len(lines), "39999,A,u39999")


@pytest.mark.parametrize(
    ("delimiter", "given"), [(",", None), (";", None), ("\t", None), ("|", None), ("^", "^")], ids=repr
)
def test_delimiters(tmp_path: Path, delimiter: str, given: str | None) -> None:
    content = delimiter.join(["user", "name", '"properties.a,b;c"'])
    row = delimiter.join(["u", "N", "v"])
    (message,) = good(read(write(tmp_path, "x.csv", f"{content}\n{row}\n"), delimiter=given))
    assert message["properties"] == {"a,b;c": "v"}


@pytest.mark.parametrize("zipped", [False, True])
def test_a_byte_order_mark_and_gzip(tmp_path: Path, zipped: bool) -> None:
    content = "\ufeffuser,name\nu1,N\n".encode()
    name, data = ("x.csv.gz", gzip.compress(content)) if zipped else ("x.csv", content)
    (message,) = good(read(write(tmp_path, name, data)))
    assert message["identifiers"] == [("user", "u1")]


def test_a_gzip_that_is_cut_off_gives_what_it_holds(tmp_path: Path) -> None:
    content = "user,name\n" + "".join(f"{n * 7919 % 1000003},N\n" for n in range(50_000))
    rows = read(write(tmp_path, "x.csv.gz", gzip.compress(content.encode())[:-1000]))
    assert len(rows) > 10_000
    assert bad(rows)[-1][1].startswith("the file cannot be read past this line")
    assert len(bad(rows)) <= 2  # the last line may be cut in the middle


HEADS = """
file             | content                  | said
x.csv            |                          | no header
x.csv            | user,user                | two columns 'user'
x.csv            | user,amount              | 'amount' is no field
x.csv            | name,id                  | no identifier is mapped
x.csv            | user,properties.n:money  | is no field
x.csv            | user\\rname\\ra\\rb      | CR alone
x.parquet        | user                     | cannot be read as Parquet
x.data           | user                     | --format csv
x.jsonl          | [{"type": "track"}]      | one JSON array
x.json           | {\\n"type": 1}           | spreads an object
"""


@pytest.mark.parametrize("row", HEADS.strip().splitlines()[1:])
def test_unusable_files(tmp_path: Path, row: str) -> None:
    name, content, said = (cell.strip() for cell in row.split("|"))
    text = content.replace("\\r", "\r").replace("\\n", "\n")
    with pytest.raises(ImportFileError, match=said) as raised:
        read(write(tmp_path, name, text))
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="No such file"):
        read(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ImportFileError, match="directory"):
        read(tmp_path / "folder.csv")


def test_an_unknown_column_names_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "Mail,Plan\n")
    with pytest.raises(ImportFileError, match="has no column 'mail'; its columns are Mail, Plan"):
        read(path, mapping=build_mapping(columns=["email=mail"]))


def test_utf_16_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="UTF-16"):
        read(write(tmp_path, "x.csv", "user,name\n".encode("utf-16")))


def test_the_tracking_format_needs_no_mapping() -> None:
    messages = good(read(EVENTS))
    assert Counter(message.get("name", "identify") for message in messages) == {
        "Order Completed": 1600,
        "Campaign Sent": 42,
        "Coupon Redeemed": 8,
        "identify": 5,
    }
    assert {message["source"] for message in messages} == {"import"}
    assert [m["id"] for m in messages if isinstance(take(m, now=NOW, made_id="x"), tuple)] == []


def test_tracking_messages_of_each_type(tmp_path: Path) -> None:
    sent = [
        {"event": "A", "userId": 7, "timestamp": "2026-01-01T00:00:00Z", "properties": {"x": 1}, "messageId": "1"},
        {"type": "page", "name": "Home", "anonymousId": "a", "context": {"device": {"id": "d"}}, "messageId": "2"},
        {"type": "identify", "userId": "u", "traits": {"email": "a@b.co", "plan": "free"}, "messageId": "3"},
        {"type": "alias", "userId": "u", "previousId": "a", "messageId": "4"},
        {"type": "merge", "userId": "u", "messageId": "5"},
        ["no object"],
    ]
    rows = read(write(tmp_path, "x.ndjson", "\n".join(json.dumps(item) for item in sent)))
    track, page, identify, alias = (row.message for row in rows if isinstance(row, Row))
    assert track["identifiers"] == [("user", "7")]
    assert track["at"] == "2026-01-01T00:00:00Z"
    assert (page["type"], page["name"], page["properties"]) == ("track", "Page Viewed", {"name": "Home"})
    assert page["identifiers"] == [("anonymous", "a"), ("device", "d")]
    assert identify["identifiers"] == [("user", "u"), ("email", "a@b.co")]
    assert identify["traits"] == {"email": "a@b.co", "plan": "free"}
    assert alias["identifiers"] == [("user", "u"), ("anonymous", "a")]
    assert bad(rows) == [
        (5, "type is 'merge'; types are track, identify, alias, page, screen, group"),
        (6, "a row must be a JSON object, not list"),
    ]


def test_json_lines_with_a_mapping(tmp_path: Path) -> None:
    sent = {"uid": 5, "what": "Login", "ms": 1767225600000, "client": {"os": "x", "mail": "a@b.co"}, "n": 3}
    mapping = build_mapping(
        columns=["user=uid", "name=what", "at=ms", "email=client.mail", "context.os=client.os", "properties.*=*"],
        times=TimeFormat.MILLISECONDS,
    )
    (message,) = good(read(write(tmp_path, "x.jsonl", json.dumps(sent)), mapping=mapping))
    assert message["identifiers"] == [("user", "5"), ("email", "a@b.co")]
    assert message["at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert message["context"] == {"os": "x"}
    assert message["properties"] == {"client": sent["client"], "n": 3}


def test_bad_json_lines(tmp_path: Path) -> None:
    lines = [
        b'{"event": "A", "userId": "u"',
        b'{"event": "A", "userId": NaN}',
        b'{"a":' * 100_000,
        b'{"event": "\xff", "userId": "u"}',
        b'{"event": "' + b"x" * LINE_BYTES_MAX + b'"}',
        b"",
        b'{"event": "A", "userId": "u"}',
    ]
    rows = read(write(tmp_path, "x.jsonl", b"\n".join(lines)))
    assert [line for line, _ in bad(rows)] == [1, 2, 3, 4, 5]
    assert [row.line for row in rows if isinstance(row, Row)] == [7]
    assert "no UTF-8" in dict(bad(rows))[4]
    assert "longer than" in dict(bad(rows))[5]
    assert max(len(row.text) for row in rows if row.line == 5) < 2000


def test_made_ids_stay_the_same_and_tell_equal_rows_apart(tmp_path: Path) -> None:
    first = write(tmp_path, "a.csv", "user,name\nu1,N\nu1,N\nu2,N\n")
    moved = write(tmp_path, "b.csv", "name,user\nN,u2\nN,u1\nN,u1\nN,u1\n")
    ids = [message["id"] for message in good(read(first))]
    assert len(set(ids)) == 3
    assert ids == [message["id"] for message in good(read(first))]
    again = [message["id"] for message in good(read(moved))]
    assert set(ids) < set(again), "neither the order of rows nor of columns matters; a third equal row is new"


def test_position_reaches_the_size() -> None:
    with RowFile.open(EVENTS) as file:
        for _ in file.rows():
            pass
        assert file.position_bytes == file.size_bytes
