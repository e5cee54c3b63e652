"""Recording over GraphQL: what is bad is told, typed, at its place; the rest is recorded."""

from typing import Any

import pytest

from graphcdp.model.messages import BYTES_MAX
from tests.api.conftest import RECORD, Caller, Json, event, record


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


BAD: list[tuple[str, Json, str, list[str]]] = [
    ("no identifiers", {"by": []}, "InvalidInputError", ["identifiers"]),
    ("absent identifiers", {"by": None}, "InvalidInputError", ["identifiers"]),
    ("no usable identifier", {"by": [{"email": "x"}, {"userId": "null"}]}, "InvalidInputError", ["identifiers"]),
    ("21 identifiers", {"by": [{"userId": f"u{n}"} for n in range(21)]}, "LimitError", ["identifiers"]),
    ("far future", {"at": "2999-01-01T00:00:00Z"}, "InvalidInputError", ["at"]),
    ("year 10000", {"at": "10000-01-01T00:00:00Z"}, "InvalidInputError", ["at"]),
    ("no time", {"at": "yesterday"}, "InvalidInputError", ["at"]),
    ("before the calendar", {"at": "0001-01-01T00:00:00+14:00"}, "InvalidInputError", ["at"]),
    ("properties too large", {"properties": {"x": "y" * BYTES_MAX}}, "LimitError", ["properties"]),
    ("properties too deep", {"properties": nested(11)}, "LimitError", ["properties"]),
    ("far too deep", {"properties": nested(150)}, "LimitError", ["properties"]),
    ("too many keys", {"context": {f"k{n}": n for n in range(501)}}, "LimitError", ["context"]),
    ("properties no object", {"properties": [1]}, "InvalidInputError", ["properties"]),
    ("no name", {"name": "  "}, "InvalidInputError", ["name"]),
    ("long name", {"name": "n" * 201}, "LimitError", ["name"]),
    ("long id", {"eventId": "i" * 201}, "LimitError", ["eventId"]),
    ("empty id", {"eventId": ""}, "InvalidInputError", ["eventId"]),
    ("long source", {"source": "s" * 101}, "LimitError", ["source"]),
    ("half a character", {"properties": {"x": "\ud83d"}}, "InvalidInputError", ["properties"]),
    ("half a character in the name", {"name": "\udc9a"}, "InvalidInputError", ["name"]),
]


async def test_a_batch_of_bad_events_and_two_good_ones(caller: Caller) -> None:
    events = [event(f"b{n}") | bad_event(bad) for n, (_, bad, _, _) in enumerate(BAD)]
    result = await record(caller, event("first"), *events, event("last"))
    assert (result["recorded"], result["rejected"], result["duplicates"]) == (2, len(BAD), 0)
    assert [one["status"] for one in result["results"]] == ["RECORDED", *["REJECTED"] * len(BAD), "RECORDED"]
    for (what, _, kind, path), one in zip(BAD, result["results"][1:-1], strict=True):
        first = one["errors"][0]
        assert (first["__typename"], first["path"]) == (kind, path), what
        assert len(first["message"]) > 20, what
        if kind == "LimitError":
            assert first["actual"] > first["limit"], what
    rejected = await caller.ask("{ rejected(first: 100) { nodes { messageId reason } } }")
    assert len(rejected["rejected"]["nodes"]) == len(BAD)


def bad_event(bad: Json) -> Json:
    by = {"identifiers": bad["by"]} if "by" in bad else {}
    return by | {name: value for name, value in bad.items() if name != "by"}


async def test_what_is_dropped_is_told(caller: Caller) -> None:
    names = [
        {"userId": "u1"}, {"email": "not an address"}, {"phone": "123"}, {"deviceId": "00000000-0000"},
        {"other": {"kind": "loyalty", "value": "L1"}},
    ]  # fmt: skip
    (one,) = (await record(caller, event("e1", by=names)))["results"]
    assert (one["status"], one["errors"]) == ("RECORDED", [])
    assert [(w["code"], w["path"], w["identifier"]) for w in one["warnings"]] == [
        ("INVALID", ["identifiers", "1", "email"], {"kind": "email", "value": "not an address"}),
        ("INVALID", ["identifiers", "2", "phone"], {"kind": "phone", "value": "123"}),
        ("BLOCKED", ["identifiers", "3", "deviceId"], {"kind": "device", "value": "00000000-0000"}),
        ("UNKNOWN_KIND", ["identifiers", "4", "other"], {"kind": "loyalty", "value": "L1"}),
    ]
    await record(caller, event("e2", by=[{"userId": "u1"}, {"deviceId": "tv"}]))
    (kept,) = (await record(caller, event("e3", by=[{"userId": "u2"}, {"deviceId": "tv"}])))["results"]
    assert [(w["code"], w["path"]) for w in kept["warnings"]] == [("LIMIT", ["identifiers", "1", "deviceId"])]


async def test_strange_unicode_stays_as_it_is(caller: Caller) -> None:
    strange = {
        "zero": "a\u0000b",
        "rtl": "\u202eabc",
        "emoji": "👩‍👩‍👧",
        "zalgo": "Z͑ͫ̓",
        "\u2028": "line",
        "": "no name",
        "$a.b": 1,
    }
    (one,) = (await record(caller, event("e\u202e1", properties=strange, by=[{"userId": "ユーザー"}])))["results"]
    assert one["status"] == "RECORDED", one
    found = await caller.ask(
        """{ customer(by: {userId: "ユーザー"}) { events { nodes { eventId
        properties { json dotted: value(path: "$a.b") } } } } }"""
    )
    (node,) = found["customer"]["events"]["nodes"]
    assert node == {"eventId": "e\u202e1", "properties": {"json": strange, "dotted": 1}}


async def test_a_retry_changes_nothing(caller: Caller) -> None:
    document = """mutation($input: EventInput!) { recordEvent(input: $input) { eventId status
        event { id name customer { id } } customer { id eventCount { value } }
        absorbedIds merges { survivorId absorbedId cause } warnings { code } errors { code } } }"""
    first = (await caller.ask(document, input=event("e1")))["recordEvent"]
    again = (await caller.ask(document, input=event("e1", name="Other")))["recordEvent"]
    assert (first["status"], again["status"]) == ("RECORDED", "DUPLICATE")
    assert again["event"] == first["event"]
    assert again["customer"] == {"id": first["event"]["customer"]["id"], "eventCount": {"value": 1}}
    batch = await record(caller, event("e1"), event("e2"), event("e2"))
    assert [one["status"] for one in batch["results"]] == ["DUPLICATE", "RECORDED", "DUPLICATE"]
    made = (await caller.ask(document, input={"name": "Visit", "identifiers": [{"userId": "u1"}]}))["recordEvent"]
    assert (made["status"], len(made["eventId"])) == ("RECORDED", 26)
    bad = (await caller.ask(document, input={"name": "Visit"}))["recordEvent"]
    assert (bad["status"], bad["event"], bad["customer"]) == ("REJECTED", None, None)


@pytest.mark.parametrize(("count", "kind"), [(0, "InvalidInputError"), (1001, "LimitError")])
async def test_a_batch_of_the_wrong_size_writes_nothing(caller: Caller, count: int, kind: str) -> None:
    found = (await caller.ask(RECORD, events=[event(f"e{n}") for n in range(count)]))["recordEvents"]
    assert (found["recorded"], found["results"]) == (0, [])
    assert [(error["__typename"], error["path"]) for error in found["errors"]] == [(kind, ["events"])]
    assert (await caller.ask("{ customers { totalCount { value } } }"))["customers"]["totalCount"]["value"] == 0


async def test_a_thousand_events_at_once(caller: Caller) -> None:
    events = [
        event(f"e{n}", by=[{"userId": f"u{n % 50}"}], properties={"n": n, "text": "x" * 1500}) for n in range(1000)
    ]
    document = """mutation($events: [EventInput!]!) { recordEvents(input: {events: $events}) {
        recorded results { status event { eventId } customer { id } } } }"""
    before = caller.store.statements_run
    found = (await caller.ask(document, events=events))["recordEvents"]
    assert found["recorded"] == 1000
    assert [one["event"]["eventId"] for one in found["results"]] == [f"e{n}" for n in range(1000)]
    assert len({one["customer"]["id"] for one in found["results"]}) == 50
    assert caller.store.statements_run - before < 30


IDENTIFY = """mutation($input: IdentifyInput!) { identify(input: $input) { messageId status absorbedIds
  merges { survivorId absorbedId cause messageId }
  customer { id displayName traits { json } eventCount { value } }
  warnings { code path } errors { __typename path } } }"""


async def test_identify_sets_and_removes_traits_in_their_own_time(caller: Caller) -> None:
    async def identify(**given: Any) -> Json:
        found: Json = (await caller.ask(IDENTIFY, input={"identifiers": [{"userId": "u1"}], **given}))["identify"]
        return found

    first = await identify(traits={"plan": "free", "name": "Ann"}, at="2026-01-02T00:00:00Z", messageId="i1")
    assert (first["messageId"], first["status"]) == ("i1", "RECORDED")
    assert first["customer"]["traits"]["json"] == {"name": "Ann", "plan": "free"}
    assert first["customer"]["eventCount"] == {"value": 0}
    late = await identify(traits={"plan": "older"}, at="2026-01-01T00:00:00Z")
    assert late["customer"]["traits"]["json"]["plan"] == "free"
    newer = await identify(traits={"plan": "pro"}, unset=["name"], at="2026-01-03T00:00:00Z")
    assert newer["customer"]["traits"]["json"] == {"plan": "pro"}
    assert (await identify(messageId="i1", traits={"plan": "again"}))["status"] == "DUPLICATE"
    bad = await identify(messageId="i" * 201)
    assert [(error["__typename"], error["path"]) for error in bad["errors"]] == [("LimitError", ["messageId"])]
    assert bad["customer"] is None


async def test_signing_in_tells_whom_it_united(caller: Caller) -> None:
    await record(caller, event("e1", by=[{"anonymousId": "a1"}]), event("e2", by=[{"userId": "u1"}]))
    ids = await caller.ask('{ a: customer(by: {anonymousId: "a1"}) { id } u: customer(by: {userId: "u1"}) { id } }')
    names = [{"anonymousId": "a1"}, {"userId": "u1"}, {"email": "bad"}]
    found = (await caller.ask(IDENTIFY, input={"identifiers": names, "traits": {"plan": "free"}}))["identify"]
    assert found["absorbedIds"] == [ids["a"]["id"]]
    (merge,) = found["merges"]
    assert (merge["absorbedId"], merge["messageId"]) == (ids["a"]["id"], found["messageId"])
    assert found["customer"]["id"] == ids["u"]["id"]
    assert found["customer"]["eventCount"] == {"value": 2}
    assert found["warnings"] == [{"code": "INVALID", "path": ["identifiers", "2", "email"]}]


async def test_alias(caller: Caller) -> None:
    document = """mutation($input: AliasInput!) { alias(input: $input) { messageId status
        customer { identifiers { totalCount { value } } } errors { __typename message path } } }"""
    names = [{"email": "ann@example.com"}, {"deviceId": "d1"}]
    found = (await caller.ask(document, input={"identifiers": names, "messageId": "al1"}))["alias"]
    assert (found["status"], found["customer"]["identifiers"]["totalCount"]["value"]) == ("RECORDED", 2)
    lonely = (await caller.ask(document, input={"identifiers": names[:1]}))["alias"]
    assert (lonely["status"], lonely["customer"], lonely["messageId"]) == ("REJECTED", None, None)
    assert lonely["errors"][0]["path"] == ["identifiers"]


async def test_mutations_of_one_request_see_each_other(caller: Caller) -> None:
    one = 'recordEvent(input: {name: "A", eventId: "%s", identifiers: [{userId: "u1"}]})'
    wanted = "{ customer { eventCount { value } } }"
    found = await caller.ask(f"mutation {{ a: {one % 'a'} {wanted} b: {one % 'b'} {wanted} }}")
    assert [found[name]["customer"]["eventCount"]["value"] for name in "ab"] == [1, 2]


async def test_literals_in_the_document_are_values_too(caller: Caller) -> None:
    found = await caller.ask(
        """mutation($n: JSON) { recordEvent(input: {name: "A", eventId: "a", at: "2026-01-01T00:00:00+07:00",
          identifiers: [{other: {kind: "nope", value: "x"}}, {userId: "u1"}],
          properties: {n: $n, list: [1, 2.5, "x", true, null], deep: {er: {}}}}) {
            event { at properties { json } } } }""",
        n={"k": [1]},
    )
    assert found["recordEvent"]["event"] == {
        "at": "2025-12-31T17:00:00.000Z",
        "properties": {"json": {"n": {"k": [1]}, "list": [1, 2.5, "x", True, None], "deep": {"er": {}}}},
    }


@pytest.mark.parametrize(
    "names", [[{"userId": "u1", "email": "a@example.com"}], [{}], [{"userId": None}], [{"nope": "x"}], [None]]
)
async def test_an_identifier_is_exactly_one(caller: Caller, names: list[Any]) -> None:
    error = await caller.failure(RECORD, events=[event("e1", by=names)])
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
