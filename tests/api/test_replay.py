"""Refused messages are kept, tried again, and leave the list when they are taken."""

from typing import Any

import httpx
import orjson
import pytest

from graphcdp.model.statement import Statement
from graphcdp.record import rejected as replaying
from graphcdp.record import tracking
from graphcdp.record.recorder import Recorder
from graphcdp.record.rejected import replay_next
from graphcdp.resolve.rules import IdentityRules, KindRule
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, event, record

REPLAY = """mutation($input: ReplayRejectedInput!) { replayRejected(input: $input) {
  taken refusedIds last errors { code message path } } }"""
REJECTED = "{ rejected(first: 50) { nodes { id messageId code reason content tries triedAt source } } }"
CARDS = IdentityRules(region="VN", kinds={"card": KindRule(priority=50)})


async def replay(caller: Caller, **given: Any) -> Json:
    found: Json = (await caller.ask(REPLAY, input=given))["replayRejected"]
    return found


async def rejected(caller: Caller) -> list[Json]:
    nodes: list[Json] = (await caller.ask(REJECTED))["rejected"]["nodes"]
    return nodes


async def send(caller: Caller, *messages: Any) -> None:
    url = caller.http.base_url.join("/v1/batch")
    async with httpx.AsyncClient() as client:
        assert (await client.post(url, content=orjson.dumps({"batch": messages}))).status_code == 200


async def test_one_that_is_taken_leaves_and_one_that_is_not_stays(caller: Caller, recorder: Recorder) -> None:
    card = {"type": "track", "event": "Paid", "messageId": "m1", "userId": {"id": 1}}
    await send(caller, card, {"type": "oops", "messageId": "m2", "userId": "u"})
    await recorder.record([{"id": "m3", "name": "Paid", "identifiers": [("card", "77")], "source": "till"}])
    before = {one["messageId"]: one for one in await rejected(caller)}
    assert [before[name]["tries"] for name in ("m1", "m2", "m3")] == [1, 1, 1]

    recorder.follow(CARDS)
    found = await replay(caller, all=True)
    assert (found["taken"], found["errors"]) == (1, [])
    assert found["refusedIds"] == [before["m1"]["id"], before["m2"]["id"]]
    assert found["last"] == before["m3"]["id"]
    after = {one["messageId"]: one for one in await rejected(caller)}
    assert set(after) == {"m1", "m2"}
    for name in after:
        assert after[name] == before[name] | {"tries": 2, "triedAt": after[name]["triedAt"]}
        assert after[name]["triedAt"] is not None
    (taken,) = (await caller.ask("{ events { nodes { id name source } } }"))["events"]["nodes"]
    assert (taken["name"], taken["source"]) == ("Paid", "till")
    assert taken["id"].endswith("m3"), "with the id that it had"
    assert await replay(caller, all=True, after=found["last"]) == {
        "taken": 0, "refusedIds": [], "last": None, "errors": [],
    }  # fmt: skip


async def test_a_newer_version_may_know_what_came(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(caller, {"type": "oops", "event": "Later", "messageId": "m1", "userId": "u"}, "not even an object")
    ids = [one["id"] for one in await rejected(caller)]
    monkeypatch.setattr(tracking, "TYPES", (*tracking.TYPES, "oops"))
    found = await replay(caller, ids=ids)
    assert (found["taken"], found["refusedIds"]) == (1, ids[:1])
    assert [one["name"] for one in (await caller.ask("{ events { nodes { name } } }"))["events"]["nodes"]] == ["Later"]


async def test_what_was_recorded_meanwhile_is_taken(caller: Caller, recorder: Recorder) -> None:
    await recorder.record([{"id": "m1", "name": "Paid", "identifiers": [("card", "77")]}])
    (kept,) = await rejected(caller)
    await record(caller, event("m1"))
    recorder.follow(CARDS)
    assert (await replay(caller, ids=[kept["id"]]))["taken"] == 1
    assert await rejected(caller) == []
    # One that is gone meanwhile is left out.
    assert await replay(caller, ids=[kept["id"]]) == {"taken": 0, "refusedIds": [], "last": None, "errors": []}


async def test_the_newest_reason_is_kept(caller: Caller, recorder: Recorder) -> None:
    await recorder.record([{"id": "m1", "name": "Paid", "identifiers": [("card", "77")]}])
    (first,) = await rejected(caller)
    recorder.follow(IdentityRules(region="VN", kinds={"card": KindRule(priority=5, blocked=("77",))}))
    await replay(caller, ids=[first["id"]])
    (second,) = await rejected(caller)
    assert second["id"] == first["id"]
    assert second["reason"] != first["reason"]
    assert second["content"] == first["content"]


async def test_a_message_of_an_erased_person_does_not_stay(caller: Caller, recorder: Recorder) -> None:
    await record(caller, event("m0", by=[{"userId": "ann"}]))
    await recorder.record([{"id": "m1", "name": "", "identifiers": [("user", "ann")], "properties": {"secret": 1}}])
    (kept,) = await rejected(caller)
    # As if it had come again, in good shape, after the erasure.
    await caller.ask('mutation { eraseCustomer(input: {customer: {userId: "ann"}}) { errors { message } } }')
    json = '{"id": "m1", "name": "E", "identifiers": [["user", "ann"]], "properties": {"secret": 1}}'
    await caller.store.transact(
        lambda tx: tx.run_generated(
            Statement("CREATE (:Rejected {id: $id, messageId: 'm1', source: 's', code: 'X', reason: 'x', "
                      "json: $json, receivedAt: datetime()})", {"id": kept["id"], "json": json})
        )
    )  # fmt: skip
    assert (await replay(caller, all=True))["refusedIds"] == [kept["id"]]
    (left,) = await rejected(caller)
    assert "secret" not in left["content"]
    assert left["code"] == "NO_IDENTIFIER"


async def test_text_that_no_message_can_be_stays(caller: Caller) -> None:
    await record(caller, event("m1", properties={"x": "\ud800"}))
    (kept,) = await rejected(caller)
    assert (await replay(caller, all=True))["refusedIds"] == [kept["id"]]
    (left,) = await rejected(caller)
    assert (left["reason"], left["tries"]) == (kept["reason"], 2)


async def test_all_are_tried_piece_by_piece(
    caller: Caller, store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "REPLAY_MAX", 2)
    await send(caller, *({"type": "oops", "messageId": f"m{n}"} for n in range(5)))
    tried, after = 0, replaying.FIRST
    while (found := await replay_next(store, recorder, after)).last is not None:
        tried += len(found.refused)
        after = found.last
    assert tried == 5
    assert [one["tries"] for one in await rejected(caller)] == [2] * 5


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "INVALID"),
        ({"ids": [], "all": True}, "INVALID"),
        ({"ids": ["cus_1"]}, "INVALID"),
        ({"all": True, "after": "x"}, "INVALID"),
        ({"ids": ["rej_1"] * 1001}, "LIMIT"),
    ],
)
async def test_what_cannot_be_meant(caller: Caller, given: Json, code: str) -> None:
    found = await replay(caller, **given)
    assert [one["code"] for one in found["errors"]] == [code]
