"""Messages in the right shape, and what is wrong with the others: each problem says where and what to do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.messages import Message
from graphcdp.model.problems import ProblemCode
from graphcdp.record.intake import take

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {"id": "m1", "name": "Seen", "identifiers": [("user", "u1")], "at": "2026-06-01T10:00:00+02:00"}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


def test_a_good_message_is_taken_in_utc() -> None:
    message = take(GOOD, now=NOW, made_id="made")
    assert isinstance(message, Message)
    assert message.at == datetime(2026, 6, 1, 8, tzinfo=UTC)
    assert message.identifiers[0].text == "user:u1"


def test_id_and_time_are_made_when_absent() -> None:
    message = take({"name": "Seen", "identifiers": [("user", "u1")], "id": None}, now=NOW, made_id="made")
    assert isinstance(message, Message)
    assert (message.id, message.at) == ("made", NOW)


BAD: list[tuple[str, dict[str, Any], ProblemCode, str]] = [
    ("far future", {"at": NOW + timedelta(hours=25)}, ProblemCode.INVALID, "at"),
    ("before the calendar", {"at": "0001-01-01T00:00:00+14:00"}, ProblemCode.INVALID, "at"),
    ("no time", {"at": "yesterday"}, ProblemCode.INVALID, "at"),
    ("no name", {"name": "  "}, ProblemCode.INVALID, "name"),
    ("long name", {"name": "x" * 201}, ProblemCode.LIMIT, "name"),
    ("too many identifiers", {"identifiers": [("user", str(n)) for n in range(21)]}, ProblemCode.LIMIT, "identifiers"),
    ("large", {"properties": {"text": "x" * 33_000}}, ProblemCode.LIMIT, "properties"),
    ("deep", {"properties": deep(11)}, ProblemCode.LIMIT, "properties"),
    ("many keys", {"traits": {str(n): n for n in range(501)}}, ProblemCode.LIMIT, "traits"),
    ("half a character", {"properties": {"a": "\ud800"}}, ProblemCode.INVALID, "properties"),
    ("half a character in the name", {"name": "a\ud800"}, ProblemCode.INVALID, "name"),
    ("number beyond 64 bits", {"properties": {"n": 2**64}}, ProblemCode.INVALID, "properties"),
    ("list for an object", {"properties": [1]}, ProblemCode.INVALID, "properties"),
    ("unknown field", {"propertys": {}}, ProblemCode.INVALID, "propertys"),
]


@pytest.mark.parametrize(("changes", "code", "field"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_wrong_is_said(changes: dict[str, Any], code: ProblemCode, field: str) -> None:
    problems = take({**GOOD, **changes}, now=NOW, made_id="made")
    assert not isinstance(problems, Message)
    assert (problems[0].code, problems[0].path[0]) == (code, field)
    assert problems[0].message


def test_depth_and_size_at_the_limit_are_taken() -> None:
    assert isinstance(take({**GOOD, "properties": deep(10)}, now=NOW, made_id="made"), Message)
