"""docs/catalog.md over real HTTP: the names in the data, and that they cost by how many there are of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.app import Platform
from graphcdp.model.statement import Statement
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, event, record, serving

EVENTS = """query($search: String) { catalog { events(search: $search) {
  name lastAt count { value precision } properties { path types isPersonal examples }
} } }"""
REST = """query($search: String) { catalog {
  traits(search: $search) { path types isPersonal examples } identifierKinds sources purposes
} }"""


def recently(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@pytest.fixture
async def shop(caller: Caller) -> Caller:
    """Three customers with orders, visits, traits and a decision."""
    sent: list[Json] = []
    for number in range(3):
        by = [{"userId": f"u{number}"}, {"email": f"u{number}@example.com"}]
        order = {"total": 5 + number % 2, "email": f"u{number}@example.com", "coupon": "SPRING", "ship": {"to": "shop"}}
        traits = {"plan": "pro", "name": f"Ann {number}", "address": {"city": "Huế"}}
        sent += [
            event(f"o{number}", name="Order Completed", at=recently(number), by=by, properties=order, traits=traits),
            event(f"v{number}", name="Visit", at=recently(29 + number), by=by, source="web"),
        ]
    await record(caller, *sent)
    decision = {"customer": {"userId": "u0"}, "purpose": "ads", "granted": False}
    await caller.ask(
        "mutation($i: SetConsentInput!) { setConsent(input: $i) { errors { message } } }",
        i=decision,
    )
    return caller


async def test_events_with_their_properties(shop: Caller) -> None:
    order, visit = (await shop.ask(EVENTS))["catalog"]["events"]
    assert (order["name"], order["count"]) == ("Order Completed", {"value": 3, "precision": "EXACT"})
    assert (visit["name"], visit["count"]["value"], visit["properties"]) == ("Visit", 1, [])
    assert order["lastAt"] > visit["lastAt"]
    assert order["properties"] == [
        {"path": "coupon", "types": ["string"], "isPersonal": False, "examples": ["SPRING"]},
        {"path": "email", "types": ["string"], "isPersonal": True, "examples": []},
        {"path": "ship", "types": ["object"], "isPersonal": False, "examples": []},
        {"path": "ship.to", "types": ["string"], "isPersonal": False, "examples": ["shop"]},
        {"path": "total", "types": ["number"], "isPersonal": False, "examples": [5]},
    ]
    for search, names in (("COMP", ["Order Completed"]), ("", ["Order Completed", "Visit"]), ("nothing", [])):
        found = (await shop.ask(EVENTS, search=search))["catalog"]["events"]
        assert [one["name"] for one in found] == names
    failure = await shop.failure(EVENTS, search="x" * 201)
    assert failure["extensions"]["code"] == "BAD_USER_INPUT"


async def test_traits_kinds_sources_and_purposes(shop: Caller) -> None:
    found = (await shop.ask(REST))["catalog"]
    assert found == {
        "traits": [
            {"path": "address", "types": ["object"], "isPersonal": True, "examples": []},
            {"path": "address.city", "types": ["string"], "isPersonal": True, "examples": []},
            {"path": "name", "types": ["string"], "isPersonal": True, "examples": []},
            {"path": "plan", "types": ["string"], "isPersonal": False, "examples": ["pro"]},
        ],
        "identifierKinds": ["email", "user"],
        "sources": ["api", "web"],
        "purposes": ["ads"],
    }
    assert [one["path"] for one in (await shop.ask(REST, search="ADDR"))["catalog"]["traits"]] == [
        "address",
        "address.city",
    ]


async def test_an_empty_graph_has_no_names(caller: Caller) -> None:
    assert (await caller.ask(EVENTS))["catalog"] == {"events": []}
    assert (await caller.ask(REST))["catalog"] == {"traits": [], "identifierKinds": [], "sources": [], "purposes": []}


async def test_kinds_that_begin_alike_are_told_apart(store: Store, caller: Caller) -> None:
    keys = ["card:1", "card:2", "card_old:1", "cardx:9", "a:;", "zz:1"]
    await store.transact(
        lambda tx: tx.run_generated(Statement("UNWIND $keys AS key CREATE (:Identifier {key: key})", {"keys": keys}))
    )
    kinds = (await caller.ask("{ catalog { identifierKinds } }"))["catalog"]["identifierKinds"]
    assert sorted(kinds) == ["a", "card", "card_old", "cardx", "zz"]


async def test_without_pii_there_are_no_examples(store: Store, recorder: Recorder) -> None:
    for user in ("u1", "u2"):
        await recorder.record(
            [{"id": user, "name": "Order", "identifiers": [("user", user)], "properties": {"plan": "pro"}}]
        )
    read_key = (await create_key(store, "reads", ["read"], datetime.now(UTC)))[1]
    pii_key = (await create_key(store, "sees", ["read", "pii"], datetime.now(UTC)))[1]
    async with serving(Platform(Settings(keys_fresh_s=0.01), store, recorder)) as client:
        for key, examples in ((read_key, []), (pii_key, ["pro"])):
            answer = await client.post("/graphql", json={"query": EVENTS}, headers={"Authorization": f"Bearer {key}"})
            (order,) = answer.json()["data"]["catalog"]["events"]
            assert order["properties"] == [
                {"path": "plan", "types": ["string"], "isPersonal": False, "examples": examples}
            ]


@pytest.fixture
async def many(store: Store) -> None:
    """20,000 events of one name, and a few of 30 others."""
    await store.transact(
        lambda tx: tx.run_generated(
            Statement(
                """CREATE (i:Identifier {id: 'idn_1', key: 'user:u1', kind: 'user', value: 'u1', sources: ['web']})
                       -[:IDENTIFIES]->(:Customer {id: 'cus_1', lastSeen: $at, traits: '{}'})
                WITH i UNWIND range(1, 20090) AS n
                CREATE (:Event {id: 'e' + n, name: CASE WHEN n <= 20000 THEN 'Visit' ELSE 'Rare ' + n % 30 END,
                                at: $at - duration({seconds: n}), subject: 'user:u1', source: 'web',
                                json: '{"n": 1}', identifiers: []})-[:BY]->(i)""",
                {"at": datetime.now(UTC)},
            )
        ),
        timeout_s=60,
    )
    await store.read("store/await_indexes")


async def test_a_count_stops_and_all_names_are_found(caller: Caller, many: None) -> None:
    found = (await caller.ask(EVENTS))["catalog"]["events"]
    assert [one["name"] for one in found] == sorted([*(f"Rare {n}" for n in range(30)), "Visit"])
    assert found[-1]["count"] == {"value": 10_000, "precision": "AT_LEAST"}
    assert {one["count"]["value"] for one in found[:-1]} == {3}
    assert [one["path"] for one in found[-1]["properties"]] == ["n"]


@pytest.mark.parametrize(
    ("name", "parameters", "index", "rows_max"),
    [
        ("catalog_event_names", {"most": 1000}, None, 0),
        ("catalog_kinds", {"most": 1000}, None, 0),
        ("catalog_purposes", {"most": 1000}, None, 0),
        ("catalog_events_last", {"names": ["Visit", "Rare 1"]}, "Event(name, at)", 2),
        ("catalog_event_counts", {"names": ["Visit"], "since": datetime(2000, 1, 1, tzinfo=UTC), "limit": 101},
         "Event(name, at)", 101),
        ("catalog_event_samples", {"names": ["Visit"], "limit": 50, "bytes": 100}, "Event(name, at)", 51),
        ("catalog_trait_samples", {"limit": 10, "bytes": 100}, "Customer(lastSeen, id)", 10),
        ("catalog_sources", {"events": 100, "customers": 10}, "Event(at, id)", 101),
    ],
)  # fmt: skip
async def test_work_is_bounded(
    profiled: Any, many: None, name: str, parameters: Json, index: str | None, rows_max: int
) -> None:
    """Each statement reads what it needs from an index that gives the order, and no more."""
    plan = await profiled(f"read/{name}", **parameters)
    names = {operator for operator, *_ in plan}
    assert not {"NodeByLabelScan", "AllNodesScan", "Sort"} & (
        names - ({"Sort"} if name == "catalog_sources" else set())
    )
    if index is None:
        # Seeks inside an expression are not operators of the plan; the work is seen by its sum.
        assert 0 < sum(hits for *_, hits in plan) < 20_000, plan
    else:
        (seek,) = [one for one in plan if "Index" in one[0] and f"{index}" in one[1].replace("e:", "")]
        assert seek[2] <= rows_max
