"""A merge costs by the smaller side: the bigger customer's node lives on under the survivor's id."""

from typing import Any

from graphcdp.model.statement import Statement
from graphcdp.read.snapshot import count_identifiers_at, holder_at, survivor_at
from graphcdp.record.clock import utc_now
from graphcdp.record.identity_edits import undo_merge
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store

KIOSK = 60
MOVES = Statement("MATCH (i:Identifier)-[past:IDENTIFIED]->() RETURN i.key AS key, past.merge AS merge")
CUSTOMERS = Statement(
    """MATCH (c:Customer) RETURN c.id AS id, c.traits AS traits, c.identifiers AS identifiers,
       toString(c.createdAt) AS created, COLLECT { MATCH (c)<-[:IDENTIFIES]-(i) RETURN i.key ORDER BY i.key } AS keys
ORDER BY id"""
)
PAST_IDS = Statement("MATCH (p:PastId) RETURN p.id AS id ORDER BY p.since, p.id")
HELD = Statement(
    "MATCH (i:Identifier)-[held:IDENTIFIES]->(c) "
    "RETURN i.key AS key, c.id AS customer, toString(held.since) AS since ORDER BY key"
)
MERGE = Statement("MATCH (m:Merge) RETURN m.id AS id, m.survivor AS survivor, m.absorbed AS absorbed")


def raw(message: str, *keys: str, **more: Any) -> dict[str, Any]:
    claims = [key.split(":", 1) for key in keys]
    return {"id": message, "name": "Seen", "at": "2026-01-01T10:00:00Z", "identifiers": claims, **more}


async def kiosk_and_user(store: Store, rules: IdentityRules) -> tuple[Recorder, str, str]:
    """A kiosk with many visitors, and a user with one device; the ids of the two customers."""
    recorder = Recorder(store, rules)
    visits = [raw(f"v{n}", "device:kiosk", f"anonymous:a{n:02}") for n in range(KIOSK)]
    *_, kiosk = await recorder.record(visits)
    (user,) = await recorder.record([raw("m1", "user:u1", "device:own", traits={"plan": "pro"})])
    assert kiosk.customer_id is not None
    assert user.customer_id is not None
    return recorder, kiosk.customer_id, user.customer_id


async def test_the_bigger_side_stays_where_it_is(store: Store, rules: IdentityRules) -> None:
    recorder, kiosk, user = await kiosk_and_user(store, rules)
    (merged,) = await recorder.record([raw("m2", "user:u1", "device:kiosk")])
    assert (merged.customer_id, merged.absorbed) == (user, (kiosk,))
    (customer,) = await store.read_generated(CUSTOMERS)
    assert customer["id"] == user
    assert customer["identifiers"] == len(customer["keys"]) == KIOSK + 3
    assert customer["traits"] == '{"plan":"pro"}'
    moved = {row["key"] for row in await store.read_generated(MOVES)}
    assert moved == {"user:u1", "device:own", "device:kiosk"}
    assert [row["id"] for row in await store.read_generated(PAST_IDS)] == [kiosk, user]


async def test_undone_it_is_as_if_it_had_never_happened(store: Store, rules: IdentityRules) -> None:
    recorder, kiosk, user = await kiosk_and_user(store, rules)
    before = await store.read_generated(CUSTOMERS)
    held = {row["key"]: row["customer"] for row in await store.read_generated(HELD)}
    await recorder.record([raw("m2", "user:u1", "device:kiosk")])
    (merge,) = await store.read_generated(MERGE)
    assert (merge["survivor"], merge["absorbed"]) == (user, kiosk)
    parted = await undo_merge(store, merge["id"], rules, utc_now())
    assert parted.customer == user
    assert parted.separated == (kiosk,)
    assert await store.read_generated(CUSTOMERS) == before
    assert {row["key"]: row["customer"] for row in await store.read_generated(HELD)} == held
    assert await store.read_generated(PAST_IDS) == []
    late = {row["key"] for row in await store.read_generated(MOVES) if row["merge"] == merge["id"]}
    assert late == {"device:kiosk", *(f"anonymous:a{n:02}" for n in range(KIOSK))}


async def test_a_second_merge_of_the_same_customer_swaps_again(store: Store, rules: IdentityRules) -> None:
    recorder, kiosk, user = await kiosk_and_user(store, rules)
    await recorder.record([raw("m2", "user:u1", "device:kiosk")])
    (mail,) = await recorder.record([raw("m3", "email:a@x.org")])
    (again,) = await recorder.record([raw("m4", "user:u1", "email:a@x.org")])
    assert again.absorbed == (mail.customer_id,)
    merges = {row["absorbed"]: row["id"] for row in await store.read_generated(MERGE)}
    parted = await undo_merge(store, merges[kiosk], rules, utc_now())
    assert (parted.customer, parted.separated) == (user, (kiosk,))
    keys = {row["id"]: row["keys"] for row in await store.read_generated(CUSTOMERS)}
    assert keys[user] == ["device:own", "email:a@x.org", "user:u1"]


async def test_the_past_is_told_as_it_was(store: Store, rules: IdentityRules) -> None:
    recorder, kiosk, user = await kiosk_and_user(store, rules)
    before = utc_now()
    await recorder.record([raw("m2", "user:u1", "device:kiosk")])
    between = utc_now()
    (merge,) = await store.read_generated(MERGE)
    for undone in (False, True):
        assert await holder_at(store, "anonymous:a07", before) == kiosk
        assert await holder_at(store, "user:u1", before) == user
        assert await holder_at(store, "anonymous:a07", between) == user
        assert await holder_at(store, "user:u1", between) == user
        assert await count_identifiers_at(store, kiosk, before, None) == KIOSK + 1
        assert await count_identifiers_at(store, user, before, None) == 2
        assert await count_identifiers_at(store, user, between, None) == KIOSK + 3
        assert await survivor_at(store, kiosk, before) == kiosk
        assert await survivor_at(store, kiosk, between) == user
        if not undone:
            await undo_merge(store, merge["id"], rules, utc_now())
    assert await holder_at(store, "anonymous:a07", utc_now()) == kiosk
