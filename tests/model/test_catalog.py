"""docs/catalog.md, rules 2 to 4: what samples say of properties, and which are treated as personal."""

import json
from typing import Any

import pytest

from graphcdp.model.catalog import PROPERTIES_MAX, Property, properties_in
from graphcdp.model.personal import is_personal

PERSONAL = [
    *["email", "workEmail", "contact.value", "first_name", "lastName", "name", "billing.address.city", "phone"],
    *["IPAddress", "client_ip", "dateOfBirth", "zipCode", "user.name", "api_token"],
]
FREE = [
    "plan",
    "plan_name",
    "productName",
    "total",
    "items",
    "recipe",
    "ship_method",
    "tip",
    "order.id",
    "telegraph",
    "",
]


@pytest.mark.parametrize("path", PERSONAL)
def test_rule_4_personal_by_name(path: str) -> None:
    assert is_personal(path, [])


@pytest.mark.parametrize("path", FREE)
def test_rule_4_not_personal_by_name(path: str) -> None:
    assert not is_personal(path, [])


@pytest.mark.parametrize(
    ("text", "personal"),
    [
        ("write to ann@example.com now", True),
        ("+84 912 345 678", True),
        ("192.168.0.1", True),
        ("2001:db8::ff00:42:8329", True),
        ("2026-01-31T09:30:00Z", False),
        ("10:30:00", False),
        ("10004711", False),
        ("1.2.3", False),
        ("@home", False),
        ("pro", False),
        ("", False),
    ],
)
def test_rule_4_personal_by_value(text: str, personal: bool) -> None:
    assert is_personal("note", ["pro", text]) is personal


def found(*samples: tuple[Any, str]) -> list[Property]:
    return properties_in([(json.dumps(values), customer) for values, customer in samples])


def test_rule_2_paths_and_types() -> None:
    assert found(
        ({"total": 5, "items": [{"sku": "x"}], "address": {"city": "Huế"}, "none": None}, "c1"),
        ({"total": "5", "open": True}, "c2"),
        ({"total": 7.5}, "c1"),
    ) == [
        Property("address", ("object",), (), True),
        Property("address.city", ("string",), (), True),
        Property("items", ("array",), (), False),
        Property("open", ("boolean",), (), False),
        Property("total", ("number", "string"), (), False),
    ]


def test_rule_3_examples_are_frequent_and_of_several() -> None:
    samples = [({"plan": "pro", "n": 1}, f"c{n}") for n in range(3)]
    samples += [({"plan": "free", "n": True}, f"c{n}") for n in range(2)]
    samples += [({"plan": "only mine"}, "c9")] * 5
    samples += [({"plan": "x" * 101}, f"c{n}") for n in range(9)]
    assert found(*samples) == [
        Property("n", ("number", "boolean"), (1, True), False),
        Property("plan", ("string",), ("pro", "free"), False),
    ]
    (plan,) = found(*[({"plan": f"p{n}"}, who) for n in range(9) for who in ("a", "b")])
    assert plan.examples == ("p0", "p1", "p2", "p3", "p4")


def test_rule_3_personal_values_are_never_shown() -> None:
    (note,) = found(*[({"note": text}, who) for text in ("hello", "ann@example.com") for who in ("a", "b")])
    assert (note.personal, note.examples) == (True, ())
    (tags,) = found(({"tags": ["a", "ann@example.com"]}, "a"))
    assert tags.personal


def test_names_that_are_values_are_left_out() -> None:
    assert [one.path for one in found(({"by": {"ann@example.com": 1, "x": 2}}, "a"))] == ["by", "by.x"]


def test_so_many_properties_at_most() -> None:
    often = {"often": 1}
    many = [({f"p{n:03}": 1, **often}, "c1") for n in range(PROPERTIES_MAX + 50)]
    paths = [one.path for one in found(*many)]
    assert len(paths) == PROPERTIES_MAX
    assert "often" in paths
    assert paths == sorted(paths)
