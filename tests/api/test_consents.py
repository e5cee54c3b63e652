"""docs/consent.md over real HTTP: decisions are recorded, follow the person, select customers, and are erased."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.app import Platform
from graphcdp.model.statement import Statement
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_moments import run_due
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, event, record, serving

SET = """mutation($input: SetConsentInput!) { setConsent(input: $input) {
  consent { purpose status at expiresAt source } customer { id consented(to: "ads") }
  errors { __typename code message path ... on InvalidInputError { expected } ... on LimitError { limit actual } }
} }"""
CONSENTS = """query($by: CustomerRef!) { customer(by: $by) {
  consents { purpose status } ads: consented(to: "ads") never: consented(to: "never asked")
} }"""
ANN, BOB = {"userId": "ann"}, {"userId": "bob"}


async def decide(caller: Caller, customer: Json, granted: bool, at: str | None = None, **more: Any) -> Json:
    """What setConsent answers."""
    decision = {"customer": customer, "purpose": "ads", "granted": granted, "at": at, **more}
    found: Json = (await caller.ask(SET, input=decision))["setConsent"]
    return found


async def consents(caller: Caller, by: Json) -> dict[str, str]:
    """Status by purpose; the two ways to ask for one agree."""
    found = (await caller.ask(CONSENTS, by=by))["customer"]
    told = {one["purpose"]: one["status"] for one in found["consents"]}
    assert found["ads"] is (told.get("ads") == "GRANTED")
    assert found["never"] is False
    assert list(told) == sorted(told)
    return told


@pytest.fixture
async def two(caller: Caller) -> Caller:
    """Two customers, each with a user and a device."""
    await record(
        caller,
        event("e1", by=[ANN, {"deviceId": "d1"}]),
        event("e2", by=[BOB, {"email": "bob@example.com"}]),
    )
    return caller


async def test_a_decision_is_recorded_and_told(two: Caller) -> None:
    told = await decide(
        two, ANN, True, "2026-01-02T03:04:05Z", expiresAt="2099-01-01T00:00:00+02:00", source="signup form, text 3"
    )
    assert told["errors"] == []
    assert told["customer"]["consented"] is True
    assert told["consent"] == {
        "purpose": "ads",
        "status": "GRANTED",
        "at": "2026-01-02T03:04:05.000Z",
        "expiresAt": "2098-12-31T22:00:00.000Z",
        "source": "signup form, text 3",
    }
    assert await consents(two, ANN) == {"ads": "GRANTED"}
    assert await consents(two, BOB) == {}
    await decide(two, ANN, False, purpose="mail")
    assert await consents(two, ANN) == {"ads": "GRANTED", "mail": "DENIED"}


async def test_an_older_decision_changes_nothing_and_a_retry_neither(two: Caller) -> None:
    for _ in range(2):
        await decide(two, ANN, False, "2026-01-02T00:00:00Z")
    told = await decide(two, ANN, True, "2026-01-01T00:00:00Z")
    assert (told["consent"]["status"], told["consent"]["at"]) == ("DENIED", "2026-01-02T00:00:00.000Z")
    # By another identifier, and at the same time: the refusal counts.
    told = await decide(two, {"deviceId": "d1"}, True, "2026-01-02T00:00:00Z")
    assert told["consent"]["status"] == "DENIED"
    assert (await decide(two, {"deviceId": "d1"}, True))["consent"]["status"] == "GRANTED"


async def test_what_cannot_be_recorded_is_told(two: Caller) -> None:
    for unknown in ({"userId": "nobody"}, {"id": "cus_none"}, {"email": "no address"}):
        (error,) = (await decide(two, unknown, True))["errors"]
        assert (error["__typename"], error["path"]) == ("NotFoundError", ["customer"])
    (error,) = (await decide(two, ANN, True, purpose="a b"))["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInputError", ["purpose"])
    assert "without white space" in error["expected"]
    for name, more in (("at", {"at": "yesterday"}), ("expiresAt", {"expiresAt": "2026-01-31"})):
        (error,) = (await decide(two, ANN, True, **more))["errors"]
        assert (error["__typename"], error["path"]) == ("InvalidInputError", [name])
    (error,) = (await decide(two, ANN, True, purpose="x" * 101))["errors"]
    assert (error["__typename"], error["limit"], error["actual"]) == ("LimitError", 100, 101)
    assert await consents(two, ANN) == {}


async def test_consent_follows_the_person_through_a_merge_and_back(two: Caller) -> None:
    await decide(two, ANN, True, "2026-01-01T00:00:00Z")
    await decide(two, BOB, False, "2026-01-02T00:00:00Z")
    await decide(two, BOB, True, "2026-01-02T00:00:00Z", purpose="mail")
    merge = "mutation($input: MergeCustomersInput!) { mergeCustomers(input: $input) { merges { id } errors { code } } }"
    # Two users are one more than the rules allow.
    merged = (await two.ask(merge, input={"keep": ANN, "absorb": [BOB], "override": True}))["mergeCustomers"]
    assert await consents(two, ANN) == await consents(two, BOB) == {"ads": "DENIED", "mail": "GRANTED"}
    # What is decided now goes with the identifier that is named.
    await decide(two, {"email": "bob@example.com"}, True, "2026-01-03T00:00:00Z")
    assert await consents(two, ANN) == {"ads": "GRANTED", "mail": "GRANTED"}
    undo = "mutation($merge: ID!) { undoMerge(input: {merge: $merge}) { errors { message } } }"
    (merge_id,) = [one["id"] for one in merged["merges"]]
    assert (await two.ask(undo, merge=merge_id))["undoMerge"]["errors"] == []
    assert await consents(two, ANN) == {"ads": "GRANTED"}
    assert await consents(two, BOB) == {"ads": "GRANTED", "mail": "GRANTED"}


async def test_a_decision_on_an_id_hangs_on_the_strongest_identifier(two: Caller) -> None:
    found = (await two.ask("query($by: CustomerRef!) { customer(by: $by) { id } }", by=ANN))["customer"]
    await decide(two, {"id": found["id"]}, True)
    split = """mutation($input: SplitCustomerInput!) { splitCustomer(input: $input) { errors { message } } }"""
    await two.ask(split, input={"customer": ANN, "identifiers": [{"deviceId": "d1"}]})
    assert await consents(two, ANN) == {"ads": "GRANTED"}
    assert await consents(two, {"deviceId": "d1"}) == {}


async def test_memberships_follow_decisions_and_their_end(two: Caller, store: Store) -> None:
    create = """mutation($input: CreateSegmentInput!) { createSegment(input: $input) {
        segment { ruleText size { value } } errors { message } } }"""
    made = (await two.ask(create, input={"key": "asked", "name": "Asked", "where": {"consented": "ads"}}))[
        "createSegment"
    ]
    assert made["segment"] == {"ruleText": "consented to ads", "size": {"value": 0}}
    document = 'query($by: CustomerRef!) { customer(by: $by) { id inSegment(key: "asked") } }'

    async def member() -> bool:
        found: bool = (await two.ask(document, by=ANN))["customer"]["inSegment"]
        return found

    ends = datetime.now(UTC) + timedelta(days=1)
    assert await member() is False
    await decide(two, ANN, True, "2026-01-01T00:00:00Z", expiresAt=ends.isoformat())
    assert await member() is True
    await run_due(store, ends - timedelta(minutes=1))
    assert await member() is True
    await run_due(store, ends)
    assert await member() is False
    await decide(two, ANN, True)
    assert await member() is True
    await decide(two, ANN, False)
    assert await member() is False


async def test_customers_are_found_by_consent(two: Caller) -> None:
    await decide(two, BOB, True)
    document = "query($where: CustomerPredicate!) { customers(where: $where) { nodes { displayName } } }"
    nodes = (await two.ask(document, where={"consented": "ads"}))["customers"]["nodes"]
    assert nodes == [{"displayName": "bob@example.com"}]
    nodes = (await two.ask(document, where={"not": {"consented": "ads"}}))["customers"]["nodes"]
    assert nodes == [{"displayName": "ann"}]


async def test_erasing_leaves_no_consent(two: Caller, store: Store) -> None:
    await decide(two, ANN, True)
    await decide(two, BOB, True)
    await two.ask("mutation($by: CustomerRef!) { eraseCustomer(input: {customer: $by}) { errors { code } } }", by=ANN)
    left = await store.read_generated(Statement("MATCH (k:Consent) RETURN k.key AS key"))
    assert left == [{"key": "user:bob ads"}]


async def test_many_decisions_at_once_leave_the_last_one(two: Caller) -> None:
    """Of decisions that arrive at one moment in any order the last counts, and each identifier has one node."""
    times = [f"2026-01-{day:02}T00:00:00Z" for day in range(1, 13)]
    await asyncio.gather(
        *(
            decide(two, [ANN, {"deviceId": "d1"}][place % 2], place % 3 == 0, at)
            for place, at in sorted(enumerate(times), key=lambda one: one[0] * 7 % 12)
        )
    )
    assert await consents(two, ANN) == {"ads": "DENIED"}
    rows = await two.store.read_generated(
        Statement("MATCH (i:Identifier)<-[:OF]-(k:Consent) RETURN i.key AS key, toString(k.at) AS at ORDER BY key")
    )
    assert rows == [
        {"key": "device:d1", "at": "2026-01-12T00:00:00Z"},
        {"key": "user:ann", "at": "2026-01-11T00:00:00Z"},
    ]


@pytest.fixture
async def remembering(store: Store, recorder: Recorder) -> AsyncIterator[Caller]:
    """A caller of a server that keeps answers for long."""
    settings = Settings(query_timeout_s=30, keys_fresh_s=600, cache_ttl_s=60)
    async with serving(Platform(settings, store, recorder)) as client:
        yield Caller(client, store)


async def test_an_answer_from_memory_is_forgotten_with_a_decision(remembering: Caller) -> None:
    await record(remembering, event("e1", by=[ANN]))
    document = "query($by: CustomerRef!) { customer(by: $by) { id updatedAt consents { purpose at } } }"
    before = await remembering.ask(document, by=ANN)
    assert before["customer"]["consents"] == []
    await decide(remembering, ANN, True, "2026-01-01T00:00:00Z")
    after = await remembering.ask(document, by=ANN)
    assert after["customer"]["consents"] == [{"purpose": "ads", "at": "2026-01-01T00:00:00.000Z"}]
    assert after["customer"]["updatedAt"] > before["customer"]["updatedAt"]
    await decide(remembering, ANN, False, "2026-01-02T00:00:00Z")
    assert (await consents(remembering, ANN)) == {"ads": "DENIED"}


async def test_rule_5_a_pages_key_sets_no_consent(store: Store, recorder: Recorder) -> None:
    await recorder.record([{"id": "m1", "name": "Seen", "identifiers": [("user", "ann")]}])
    _, page = await create_key(store, "page", ["write"], datetime.now(UTC))
    _, server = await create_key(store, "server", ["read", "write"], datetime.now(UTC))
    body = {"query": SET, "variables": {"input": {"customer": ANN, "purpose": "ads", "granted": True}}}
    async with serving(Platform(Settings(keys_fresh_s=0.01), store, recorder)) as client:
        refused = await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {page}"})
        taken = await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {server}"})
    assert refused.json()["data"] == {"setConsent": None}
    assert [error["extensions"]["code"] for error in refused.json()["errors"]] == ["FORBIDDEN"]
    assert taken.json()["data"]["setConsent"]["errors"] == []
