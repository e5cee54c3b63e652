"""Values at the edges: times, durations, JSON, paths into bags of values."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from graphql import GraphQLError

from graphcdp.api.answers import JSON_DEPTH_MAX, UnreadableError, read_json, to_bytes
from graphcdp.api.properties import properties_of, value_at
from graphcdp.api.scalars import SCALARS, BigInt, Duration, JsonText, UnreadableTime, moment, read_time
from graphcdp.model.times import time_text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-31T09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31t09:30:00.123456789z", datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC)),
        ("2026-01-31T09:30:00.5+07:00", datetime(2026, 1, 31, 2, 30, 0, 500000, tzinfo=UTC)),
        ("2026-01-31T09:30:00", None),
        ("2026-01-31", None),
        ("2026-W05-6T09:30:00Z", None),
        ("2026-02-30T00:00:00Z", None),
        ("10000-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("now", None),
        ("", None),
    ],
)
def test_times_are_rfc_3339_with_an_offset(text: str, found: datetime | None) -> None:
    assert read_time(text) == found


def test_times_are_written_in_utc_as_fine_as_they_are() -> None:
    assert time_text(datetime(2026, 1, 31, 9, 30, tzinfo=timezone(timedelta(hours=7)))) == "2026-01-31T02:30:00.000Z"
    assert time_text(datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC)) == "2026-01-31T09:30:00.123456Z"


def test_text_that_is_no_time_passes_the_scalar_and_no_further() -> None:
    parsed = SCALARS[datetime].parse_value("tomorrow")
    assert isinstance(parsed, UnreadableTime)
    with pytest.raises(GraphQLError, match=r"during\.since: 'tomorrow' is no time"):
        moment(parsed, ("during", "since"))
    with pytest.raises(GraphQLError):
        SCALARS[datetime].parse_value(7)


@pytest.mark.parametrize("text", ["P30D", "PT15M", "P1Y2M3W4DT5H6M7S", "P10Y"])
def test_durations(text: str) -> None:
    assert SCALARS[Duration].parse_value(text) == text


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1.5D", "30D", "P-1D", "P11Y", "P0D", "P99999999999999999999Y", 7, None]
)
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(GraphQLError):
        SCALARS[Duration].parse_value(text)


def test_big_numbers_are_text() -> None:
    big = SCALARS[BigInt]
    assert big.parse_value("90071992547409931") == 90071992547409931
    assert big.serialize(90071992547409931) == "90071992547409931"
    for bad in ("1.5", "x", 1.5, True, "9" * 20):
        with pytest.raises(GraphQLError):
            big.parse_value(bad)


VALUES = {"plan": "pro", "address": {"city": "Hue"}, "items": [{"sku": "a"}, {"sku": "b"}], "a.b": 1, "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("plan", "pro"),
        ("address.city", "Hue"),
        ("items.1.sku", "b"),
        ("items.2.sku", None),
        ("items.-1.sku", None),
        ("items.²", None),
        ("items.sku", None),
        ("plan.x", None),
        ("a.b", 1),
        ("none", None),
        ("", None),
        (".", None),
        ("x" * 10_000, None),
        ("." * 10_000, None),
    ],
)
def test_paths(path: str, found: Any) -> None:
    assert value_at(VALUES, path) == found


def test_a_bag_that_is_no_object_is_empty() -> None:
    assert properties_of("[1]").at("0") is None


def test_stored_json_is_put_in_word_for_word() -> None:
    answer = {"data": {"json": JsonText('{"price": 12.50, "n": 1e2}')}}
    assert to_bytes(answer) == b'{"data":{"json":{"price": 12.50, "n": 1e2}}}'
    assert orjson.loads(to_bytes(answer | {"errors": [{"message": "\ud83d"}]}).replace(b"\\ud83d", b"?")) == {
        "data": {"json": {"price": 12.5, "n": 100.0}},
        "errors": [{"message": "?"}],
    }


def test_reading_json() -> None:
    assert read_json(b'{"a": [1, "\\ud83d", 2.5]}') == {"a": [1, "\ud83d", 2.5]}
    assert read_json(b'{"a": 1, "a": 2}') == {"a": 2}
    fits = b"[" * JSON_DEPTH_MAX + b"]" * JSON_DEPTH_MAX
    assert read_json(fits) is not None
    for bad in (b"[" + fits + b"]", b'["\\ud83d", NaN]', b'["\\ud83d",' + b"[" * 5000, b"{", b'"\xff"'):
        with pytest.raises(UnreadableError):
            read_json(bad)
