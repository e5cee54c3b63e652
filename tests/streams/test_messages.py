"""docs/streams.md, rules 1, 2 and 7: what a record says, which id it has, whose key it gets."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from graphcdp.model.identifiers import EMAIL
from graphcdp.model.messages import Message
from graphcdp.model.problems import Problem
from graphcdp.record.intake import take
from graphcdp.resolve.rules import IdentityRules, KindRule
from graphcdp.streams.messages import Place, Wire, message_of_record, partition_key, time_of, value_of

AT = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
PLACE = Place("clicks", 3, 42, AT)


def read(sent: Any, wire: Wire = Wire.GRAPHCDP, **more: Any) -> dict[str, Any]:
    value = sent if isinstance(sent, bytes) else orjson.dumps(sent)
    given = {"source": None, "keeps_ip": False, **more}
    return message_of_record(value, given.pop("place", PLACE), wire=wire, now=AT, **given)


@pytest.mark.parametrize(
    "claim",
    [["user", "u1"], {"kind": "user", "value": "u1"}, {"userId": "u1"}, {"other": {"kind": "user", "value": "u1"}}],
)
def test_an_identifier_is_written_in_any_of_these_ways(claim: Any) -> None:
    assert read({"name": "Seen", "identifiers": [claim]})["identifiers"] in (["user", "u1"], [["user", "u1"]])


def test_whole_numbers_are_ids() -> None:
    raw = read({"id": 7, "name": "Seen", "identifiers": [{"userId": 12}, ["card", 9]]})
    assert (raw["id"], raw["identifiers"]) == ("7", [["user", "12"], ["card", "9"]])


@pytest.mark.parametrize("name", ["id", "eventId", "messageId"])
def test_the_id_has_one_of_three_names(name: str) -> None:
    raw = read({name: "m1", "name": "Seen"})
    assert raw["id"] == "m1"
    assert raw.keys() == {"id", "name", "source", "at"}


def test_a_message_without_id_and_time_has_those_of_its_record() -> None:
    raw = read({"name": "Seen", "identifiers": [{"userId": "u1"}]})
    assert raw["id"] == "kafka-clicks-3-42-1772375400000"
    assert raw["at"] == AT
    assert raw["source"] == "clicks"
    assert isinstance(take(raw, now=AT, made_id="x"), Message)


def test_a_topic_that_was_made_again_has_other_ids() -> None:
    again = Place("clicks", 3, 42, datetime(2026, 3, 2, tzinfo=UTC))
    assert again.message_id != PLACE.message_id
    assert len(Place("t" * 249, 999_999, 2**62, AT).message_id) <= 200
    assert Place("t" * 249, 0, 0, None).message_id != Place("t" * 248, 0, 0, None).message_id


def test_the_source_is_the_commands_then_the_messages_then_the_topic() -> None:
    told = {"name": "Seen", "source": "shop"}
    assert [read(told, source="all")["source"], read(told)["source"], read({})["source"]] == ["all", "shop", "clicks"]


def test_segments_messages_are_read_as_they_are_everywhere() -> None:
    sent = {
        "type": "track", "event": "Seen", "userId": "u1", "messageId": "m1", "timestamp": "2026-01-01T00:00:00Z",
        "sentAt": "2020-01-01T00:00:00Z", "context": {"ip": "192.0.2.1", "locale": "vi"},
    }  # fmt: skip
    raw = read(sent, Wire.SEGMENT)
    assert (raw["id"], raw["name"], raw["identifiers"]) == ("m1", "Seen", [("user", "u1")])
    assert raw["at"] == "2026-01-01T00:00:00Z"
    assert raw["context"] == {"locale": "vi"}
    assert read(sent, Wire.SEGMENT, keeps_ip=True)["context"]["ip"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("value", "said"),
    [(b"{", "no JSON"), (b"\xff\xfe", "no JSON"), (b"[1]", "not list"), (b'"x"', "not str"), (b"null", "not NoneType")],
)
@pytest.mark.parametrize("wire", Wire)
def test_what_is_no_message_is_refused_with_the_reason(value: bytes, said: str, wire: Wire) -> None:
    raw = read(value, wire)
    (problem,) = take(raw, now=AT, made_id="x")
    assert isinstance(problem, Problem)
    assert said in problem.message
    assert raw["id"] == PLACE.message_id
    orjson.dumps({**raw, "unfit": None})


def test_a_name_that_is_none_is_refused() -> None:
    (problem,) = take(read({"name": "Seen", "evnt": 1}), now=AT, made_id="x")
    assert isinstance(problem, Problem)
    assert problem.path == ("evnt",)


KEYS = """
anonymous=a user=U1 email=A@x.org | user:U1
email=B@x.org email=A@x.org       | email:a@x.org
email=A@X.ORG                     | email:a@x.org
email=nope anonymous=a            | anonymous:a
user=null                         | -
card=7                            | -
"""


@pytest.mark.parametrize("row", KEYS.strip().splitlines())
def test_the_key_is_the_highest_priority_identifier_in_normal_form(row: str) -> None:
    named, key = (cell.strip() for cell in row.split("|"))
    message = {"identifiers": [tuple(claim.split("=")) for claim in named.split()]}
    assert (partition_key(message, IdentityRules()) or "-") == key


def test_priorities_are_those_of_the_rules() -> None:
    rules = IdentityRules(kinds={EMAIL: KindRule(priority=200)})
    message = {"identifiers": [("user", "u1"), ("email", "a@x.org")]}
    assert partition_key(message, rules) == "email:a@x.org"
    assert partition_key({}, rules) is None
    assert partition_key({"identifiers": [["user"], 7]}, rules) is None


def test_what_is_published_is_read_back() -> None:
    message = {"type": "track", "id": "m1", "name": "Seen", "at": AT, "identifiers": [("user", "u1")], "source": "s"}
    raw = read(value_of(message))
    assert raw == {**message, "at": "2026-03-01T14:30:00+00:00", "identifiers": [["user", "u1"]]}


def test_a_record_may_have_no_time() -> None:
    assert time_of(-1) is None
    assert time_of(1772375400000) == AT
    raw = read({"name": "Seen"}, place=Place("clicks", 0, 1, None))
    assert "at" not in raw
    assert raw["id"] == "kafka-clicks-0-1-0"
