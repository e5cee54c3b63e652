"""docs/import.md: a mapping that cannot work is refused in one sentence that says what there is."""

from typing import Any

import pytest

from graphcdp.model.errors import ImportFileError
from graphcdp.record.mapping import RowError, Target, ValueType, build_mapping, load_mapping, map_row

TARGETS = """
text                     | area        | path         | type
id                       | id          |              | text
email                    | identifiers | email        | text
identifiers.email        | identifiers | email        | text
identifiers.loyalty_card | identifiers | loyalty_card | text
properties.total:number  | properties  | total        | number
traits.address.city      | traits      | address city | text
properties:json          | properties  |              | json
context.*                | context     | *            | text
"""


@pytest.mark.parametrize("row", TARGETS.strip().splitlines()[1:])
def test_targets(row: str) -> None:
    text, area, path, type_ = (cell.strip() for cell in row.split("|"))
    assert Target.parse(text) == Target(area, tuple(path.split()), ValueType(type_))


@pytest.mark.parametrize(
    "text", ["", "mail", "properties", "properties.", "properties..a", "id:number", "id.x", "identifiers", "email.x"]
)
def test_no_targets(text: str) -> None:
    with pytest.raises(ValueError, match=r"fields are type, id, name, at, source"):
        Target.parse(text)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"columns": ["user=a", "user"]}, "not of the form field=column"),
    ({"columns": ["usr=a"]}, "'usr' is no field; fields are"),
    ({"columns": ["user=a", "properties.n:money=b"]}, "unknown type 'money'"),
    ({"columns": ["user=a", "id=b", "id=c"]}, "several columns"),
    ({"columns": ["id=a"]}, "no identifier is mapped"),
    ({"columns": ["user=*"]}, "stands for all columns"),
    ({"columns": ["user=a", "properties.*=b"]}, "stands for all columns"),
    ({"columns": ["user=a", "properties.a=b", "properties.a.b=c"]}, "whole and in parts"),
    ({"columns": ["user=a", "name=b"], "constants": ["name=N"]}, "name is given twice"),
    ({"columns": ["user=a"], "constants": ["id=1"]}, "id cannot be a constant"),
    ({"columns": ["user=a"], "constants": ["type=view"]}, "types are track, identify, alias"),
    ({"columns": ["user=a"], "constants": ["properties.n:number=x"]}, "no number"),
    ({"content": {"columns": {"user": "a"}, "time": "iso"}}, "a mapping has columns, constants and times"),
    ({"content": {"columns": {"user": 3}}}, "columns.user"),
    ({"content": {"columns": {"user": "a"}, "times": "days"}}, "times: Input should be 'iso'"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ImportFileError, match=said) as raised:
        build_mapping(**given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["a: [", "- a", "words"])
def test_no_mapping_file(text: str) -> None:
    with pytest.raises(ImportFileError, match=r"shop\.yaml") as raised:
        load_mapping(text, "shop.yaml")
    assert "\n" not in str(raised.value)


def test_columns_are_called_what_they_are_called() -> None:
    content = load_mapping("columns: {user: no, email: [on, 2017], at: 2017-01-01}\nconstants: {traits.n: 7}", "m.yaml")
    assert content["columns"] == {"user": "no", "email": ["on", "2017"], "at": "2017-01-01"}
    assert content["constants"] == {"traits.n": 7}


def test_options_win_over_the_file() -> None:
    content = load_mapping("columns: {user: a, properties.total:number: b}\nconstants: {name: X}", "m.yaml")
    mapping = build_mapping(content, columns=["user=c"], constants=["name=Y"])
    assert mapping.columns == {"user": "c", "properties.total:number": "b"}
    assert mapping.constants == {"name": "Y"}


def test_several_columns_of_one_kind() -> None:
    mapping = build_mapping(columns=["email=work", "email=home", "email=none"])
    row = {"work": "a@b.co", "home": "c@d.co"}
    assert map_row(mapping, row.get, row)["identifiers"] == [("email", "a@b.co"), ("email", "c@d.co")]


def test_named_columns_win_over_all_others() -> None:
    mapping = build_mapping(columns=["properties.*=*", "user=u", "properties.address.city=c", "properties.a=b"])
    row = {"u": "1", "c": "Bonn", "address": "text", "a": "lost", "b": "kept"}
    assert map_row(mapping, row.get, row)["properties"] == {"address": {"city": "Bonn"}, "a": "kept"}


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("number", " -12 ", -12),
        ("number", "1.50", 1.5),
        ("number", "1e3", 1000.0),
        ("number", "1e999", None),
        ("number", "1,5", None),
        ("number", "NaN", None),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", "maybe", None),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("json", "{", None),
    ],
)
def test_types(type_: str, text: str, value: Any) -> None:
    mapping = build_mapping(columns=["user=u", f"properties.x:{type_}=x"])
    row = {"u": "1", "x": text}
    if value is None:
        with pytest.raises(RowError, match="column x"):
            map_row(mapping, row.get, row)
    else:
        assert map_row(mapping, row.get, row)["properties"] == {"x": value}


@pytest.mark.parametrize(
    ("times", "text"),
    [("iso", "yesterday"), ("iso", "1767225600"), ("seconds", "soon"), ("seconds", "1e30"), ("milliseconds", "nan")],
)
def test_times_that_are_none(times: str, text: str) -> None:
    mapping = build_mapping({"columns": {"user": "u", "at": "t"}, "times": times})
    row = {"u": "1", "t": text}
    with pytest.raises(RowError, match="at is"):
        map_row(mapping, row.get, row)
