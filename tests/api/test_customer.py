"""One customer: found by any identifier and any former id, with everything that hangs on them."""

from graphcdp.record.recorder import Recorder
from tests.api.conftest import Caller, event, record

PROFILE = """query Profile($by: CustomerRef!) {
  customer(by: $by) {
    id displayName email phone firstSeenAt lastSeenAt mergedIds
    traits { json names some: json(only: ["plan", "none"]) plan: text(path: "plan") city: text(path: "address.city")
      second: value(path: "tags.1") age: number(path: "age") isOpen: flag(path: "open") born: time(path: "born")
      wrong: number(path: "plan") }
    trait(path: "plan") { path value since source }
    events { nodes { id eventId name at receivedAt source properties { json } context { page: text(path: "page.url") }
      identifiers { kind value } customer { id } } pageInfo { hasNextPage hasPreviousPage } }
    eventCount { value precision }
    orders: eventCount(filter: {names: ["Order Completed"]}) { value }
    identifiers { totalCount { value precision } edges { since node { kind value sources customer { id } } } }
    emails: identifiers(kinds: ["email"]) { totalCount { value } nodes { value } }
    devices { totalCount { value } nodes { id deviceId firstSeenAt lastSeenAt customer { id } } }
  }
}"""

ANN = [
    event(
        "m1", by=[{"anonymousId": "a1"}], at="2026-01-01T10:00:00Z", context={"page": {"url": "/start"}}, source="web"
    ),
    event(
        "m2",
        by=[{"anonymousId": "a1"}, {"deviceId": "d1"}],
        at="2026-01-02T10:00:00.5Z",
        name="Signed Up",
        traits={"plan": "free", "first_name": " Ann ", "last_name": "Lee", "tags": ["x", "y"]},
    ),
    event(
        "m3",
        by=[{"userId": "u1"}, {"email": "Ann@Example.com"}, {"anonymousId": "a1"}],
        name="Order Completed",
        at="2026-01-03T10:00:00Z",
        properties={"revenue": 12.50, "items": [{"sku": "s"}], "note": "Ünï 💚"},
        traits={
            "plan": "pro",
            "address": {"city": "Huế"},
            "age": 41,
            "open": True,
            "born": "1985-02-03T00:00:00+01:00",
        },
    ),
    event("m4", by=[{"userId": "u1"}, {"phone": "0912 345 678"}], at="2026-01-02T09:00:00Z", traits={"plan": "late"}),
]


async def test_everything_of_one_person(caller: Caller) -> None:
    assert (await record(caller, *ANN))["recorded"] == 4
    customer = (await caller.ask(PROFILE, by={"email": "ANN@example.com"}))["customer"]
    assert customer["displayName"] == "Ann Lee"
    assert (customer["email"], customer["phone"]) == ("ann@example.com", "+84912345678")
    assert (customer["firstSeenAt"], customer["lastSeenAt"]) == ("2026-01-01T10:00:00.000Z", "2026-01-03T10:00:00.000Z")
    traits = customer["traits"]
    assert traits["json"] == {
        "plan": "pro",
        "first_name": " Ann ",
        "last_name": "Lee",
        "tags": ["x", "y"],
        "address": {"city": "Huế"},
        "age": 41,
        "open": True,
        "born": "1985-02-03T00:00:00+01:00",
    }
    assert traits["names"] == sorted(traits["json"])
    assert traits["some"] == {"plan": "pro"}
    assert (traits["plan"], traits["city"], traits["second"], traits["age"]) == ("pro", "Huế", "y", 41)
    assert (traits["isOpen"], traits["born"], traits["wrong"]) == (True, "1985-02-02T23:00:00.000Z", None)
    assert customer["trait"] == {
        "path": "plan",
        "value": "pro",
        "since": "2026-01-03T10:00:00.000Z",
        "source": "api",
    }
    events = customer["events"]["nodes"]
    assert [one["eventId"] for one in events] == ["m3", "m2", "m4", "m1"]
    assert [one["id"] for one in events] == ["evt_m3", "evt_m2", "evt_m4", "evt_m1"]
    assert events[0]["properties"]["json"] == {"revenue": 12.5, "items": [{"sku": "s"}], "note": "Ünï 💚"}
    assert events[1]["at"] == "2026-01-02T10:00:00.500Z"
    assert (events[3]["context"]["page"], events[3]["source"]) == ("/start", "web")
    assert {one["customer"]["id"] for one in events} == {customer["id"]}
    assert {(i["kind"], i["value"]) for i in events[0]["identifiers"]} == {
        ("user", "u1"),
        ("email", "ann@example.com"),
        ("anonymous", "a1"),
    }
    assert customer["events"]["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": False}
    assert (customer["eventCount"], customer["orders"]) == ({"value": 4, "precision": "EXACT"}, {"value": 1})
    identifiers = customer["identifiers"]
    assert identifiers["totalCount"] == {"value": 5, "precision": "EXACT"}
    assert [(edge["node"]["kind"], edge["node"]["value"]) for edge in identifiers["edges"]] == [
        ("user", "u1"),
        ("email", "ann@example.com"),
        ("phone", "+84912345678"),
        ("device", "d1"),
        ("anonymous", "a1"),
    ]
    assert identifiers["edges"][4]["node"]["sources"] == ["web", "api"]
    assert customer["emails"] == {"totalCount": {"value": 1}, "nodes": [{"value": "ann@example.com"}]}
    assert customer["devices"]["totalCount"] == {"value": 1}
    assert customer["devices"]["nodes"][0]["deviceId"] == "d1"


async def test_any_identifier_finds_the_same_person(caller: Caller) -> None:
    await record(caller, *ANN, event("m5", by=[{"userId": "u1"}, {"other": {"kind": "loyalty", "value": "L1"}}]))
    found = [
        (await caller.ask(PROFILE, by=by))["customer"]
        for by in (
            {"userId": "u1"}, {"userId": " u1 "}, {"email": "ann@EXAMPLE.com"}, {"phone": "+84 912 345 678"},
            {"phone": "0912345678"}, {"deviceId": "d1"}, {"anonymousId": "a1"},
        )
    ]  # fmt: skip
    assert len({customer["id"] for customer in found}) == 1
    for nobody in (
        {"userId": "u2"}, {"email": "no address"}, {"id": "cus_x"}, {"id": "evt_m1"}, {"id": ""},
        {"other": {"kind": "loyalty", "value": "L2"}},
    ):  # fmt: skip
        assert (await caller.ask(PROFILE, by=nobody))["customer"] is None


async def test_ids_of_merged_customers_lead_to_the_survivor(caller: Caller, recorder: Recorder) -> None:
    outcomes = [
        (await recorder.record([{"id": f"m{n}", "name": "Visit", "identifiers": names}]))[0]
        for n, names in enumerate(
            (
                [("anonymous", "a1")],
                [("email", "ann@example.com")],
                [("anonymous", "a1"), ("email", "ann@example.com")],
                [("user", "u1")],
                [("user", "u1"), ("email", "ann@example.com")],
            )
        )
    ]
    first, second, survivor = (outcomes[n].customer_id for n in (0, 1, 3))
    node = """query($id: ID!) { node(id: $id) { __typename id
      ... on MergedCustomer { mergedAt mergedInto { id mergedIds } } ... on Customer { mergedIds } } }"""
    for old in (first, second):
        assert (await caller.ask(PROFILE, by={"id": old}))["customer"]["id"] == survivor
        found = (await caller.ask(node, id=old))["node"]
        assert (found["__typename"], found["id"]) == ("MergedCustomer", old)
        assert found["mergedInto"]["id"] == survivor
        assert sorted(found["mergedInto"]["mergedIds"]) == sorted([first, second])
    assert (await caller.ask(node, id=survivor))["node"]["__typename"] == "Customer"


async def test_every_node_is_found_by_its_id(caller: Caller) -> None:
    await record(caller, *ANN)
    found = (
        await caller.ask("""{ customer(by: {userId: "u1"}) { id
        identifiers(kinds: ["device"]) { nodes { id } }
        devices { nodes { id } } events(last: 1) { nodes { id } } } }""")
    )["customer"]
    ids = [
        found["id"], found["identifiers"]["nodes"][0]["id"], found["devices"]["nodes"][0]["id"], "evt_none",
        found["events"]["nodes"][0]["id"], found["id"], "cus_none", "nonsense", "dev_none",
    ]  # fmt: skip
    nodes = (await caller.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", ids=ids))["nodes"]
    assert [node and node["__typename"] for node in nodes] == [
        "Customer", "Identifier", "Device", None, "Event", "Customer", None, None, None,
    ]  # fmt: skip
    assert all(node is None or node["id"] == wanted for node, wanted in zip(nodes, ids, strict=True))
    error = await caller.failure("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 101)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_evidence_names_both_ends_and_the_event(caller: Caller) -> None:
    await record(caller, *ANN, event("m6", by=[{"userId": "u1"}, {"email": "ann@example.com"}]))
    found = (
        await caller.ask("""{ identifier(is: {email: "ANN@example.com"}) { kind value customer { id }
        links { edges { other { kind value } node { id count firstSeenAt lastSeenAt source removedAt
          from { value } to { value } event { eventId } } } pageInfo { hasNextPage } } } }""")
    )["identifier"]
    (edge,) = found["links"]["edges"]
    assert edge["other"] == {"kind": "user", "value": "u1"}
    link = edge["node"]
    assert {link["from"]["value"], link["to"]["value"]} == {"u1", "ann@example.com"}
    assert (link["count"], link["event"], link["removedAt"]) == (2, {"eventId": "m3"}, None)
    assert (await caller.ask('{ identifier(is: {email: "nobody@example.com"}) { id } }'))["identifier"] is None


async def test_the_label_is_the_best_there_is(caller: Caller) -> None:
    for number, (by, traits, label) in enumerate(
        [
            ([{"userId": "n1"}], {"name": "Ms Name", "first_name": "No"}, "Ms Name"),
            ([{"userId": "n2"}], {"firstName": "Al"}, "Al"),
            ([{"userId": "n3"}, {"email": "c@x.org"}, {"phone": "+84912345679"}], {"name": 7}, "c@x.org"),
            ([{"userId": "n4"}, {"phone": "+84912345670"}], {}, "+84912345670"),
            ([{"userId": "n5"}, {"deviceId": "d5"}], {}, "n5"),
        ]
    ):
        await record(caller, event(f"l{number}", by=by, traits=traits))
        found = await caller.ask("query($by: CustomerRef!) { customer(by: $by) { displayName } }", by=by[0])
        assert found["customer"]["displayName"] == label
    await record(caller, event("l9", by=[{"deviceId": "d9"}]))
    found = (await caller.ask('{ customer(by: {deviceId: "d9"}) { id displayName email phone } }'))["customer"]
    assert found == {"id": found["id"], "displayName": found["id"], "email": None, "phone": None}
