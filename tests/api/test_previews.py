"""`previewMerge` tells what `mergeCustomers` then does, and writes nothing."""

from typing import Any

import pytest

from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, event, record

PREVIEW = """query($customers: [CustomerRef!]!) { previewMerge(customers: $customers) {
  survivor { id } absorbed { id } conflicts { path kept dropped } eventCount { value precision }
  blockedBy { message code path ... on LimitError { limit actual } } } }"""
MERGE = """mutation($keep: CustomerRef!, $absorb: [CustomerRef!]!, $override: Boolean! = false) {
  mergeCustomers(input: {keep: $keep, absorb: $absorb, override: $override}) {
    customer { id traits { json } } absorbedIds
    merges { absorbedId survivorId cause } errors { message code ... on LimitError { limit actual } } } }"""


async def preview(caller: Caller, *customers: Json) -> Json:
    """What uniting these would do."""
    found: Json = (await caller.ask(PREVIEW, customers=list(customers)))["previewMerge"]
    return found


@pytest.fixture
async def people(recorder: Recorder) -> None:
    """Two users and a visitor who left an address."""
    sent: list[Any] = [
        {"id": "t1", "name": "Visit", "identifiers": [("email", "c@example.com")], "traits": {"plan": "old"}},
        {"id": "t2", "name": "Visit", "identifiers": [("user", "u1")], "traits": {"plan": "free", "city": "Hue"}},
        {"id": "t3", "name": "Visit", "identifiers": [("user", "u2")], "traits": {"plan": "pro", "city": "Hue"}},
        {"id": "t4", "name": "Visit", "identifiers": [("user", "u2")]},
    ]
    for day, raw in enumerate(sent, 1):
        raw["at"] = f"2026-01-0{day}T00:00:00Z"
    await recorder.record(sent)


ALL = ({"email": "c@example.com"}, {"userId": "u2"}, {"userId": "u1"})


async def graph(store: Store) -> list[Json]:
    """All that is in the graph."""
    text = "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN n.id AS id, properties(n) AS node, properties(r) AS edge"
    return await store.read_generated(Statement(text + " ORDER BY id, r.id"))


async def test_a_preview_tells_what_a_merge_does(caller: Caller, people: None) -> None:
    before = await graph(caller.store)
    told = await preview(caller, *ALL)
    assert await graph(caller.store) == before
    u1 = (await caller.ask('{ customer(by: {userId: "u1"}) { id } }'))["customer"]["id"]
    assert told["survivor"]["id"] == u1
    assert told["eventCount"] == {"value": 4, "precision": "EXACT"}
    assert told["conflicts"] == [{"path": "plan", "kept": "pro", "dropped": ["free", "old"]}]
    (objection,) = told["blockedBy"]
    assert objection.pop("path") == ["customers", "1"]
    assert (objection["code"], objection["limit"], objection["actual"]) == ("LIMIT", 1, 2)
    given = {"keep": {"id": u1}, "absorb": [{"id": one["id"]} for one in told["absorbed"]]}
    refused = (await caller.ask(MERGE, **given))["mergeCustomers"]
    assert refused["errors"] == [objection]
    done = (await caller.ask(MERGE, **given, override=True))["mergeCustomers"]
    assert done["customer"] == {"id": u1, "traits": {"json": {"city": "Hue", "plan": "pro"}}}
    assert {(one["survivorId"], one["cause"]) for one in done["merges"]} == {(u1, "MANUAL")}
    assert [one["absorbedId"] for one in done["merges"]] == done["absorbedIds"]
    assert done["absorbedIds"] == [one["id"] for one in told["absorbed"]]


async def test_a_cut_objects(caller: Caller, people: None) -> None:
    both = [{"userId": "u1"}, {"email": "c@example.com"}]
    await record(caller, event("t5", by=both))
    cut = "mutation($between: [IdentifierInput!]!) { cutLink(input: {between: $between}) { errors { message } } }"
    assert (await caller.ask(cut, between=both))["cutLink"]["errors"] == []
    told = await preview(caller, *both)
    assert [(one["code"], one["path"]) for one in told["blockedBy"]] == [("INVALID", ["customers", "1"])]
    assert "cut" in told["blockedBy"][0]["message"]
    assert (await preview(caller, ALL[0], {"userId": "u2"}))["blockedBy"] == []


@pytest.mark.parametrize(
    ("customers", "said"),
    [
        ([{"userId": "u1"}], "2 to 10"),
        ([{"userId": "u1"}] * 11, "2 to 10"),
        ([{"userId": "u1"}, {"userId": "u1"}], "one customer already"),
        ([{"userId": "u1"}, {"userId": "nobody"}], "No customer"),
    ],
)
async def test_what_cannot_be_united(caller: Caller, people: None, customers: list[Json], said: str) -> None:
    failure = await caller.failure(PREVIEW, customers=customers)
    assert said in failure["message"]
    assert failure["path"] == ["previewMerge"]
