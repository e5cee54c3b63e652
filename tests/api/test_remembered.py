"""Answers from memory are never older than what was acknowledged. Source: docs/http.md, rule 19."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from graphcdp.api.remembered import RECENT_MAX, Remembered, forget_as_told
from graphcdp.app import Platform, feed_of, remembered_answers
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.principals import Scope
from graphcdp.record.keys import create_key, keep_uses
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_moments import run_due
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, event, serving

WHO = """query ($by: CustomerRef!) { customer(by: $by) {
  id traits { json } identifiers { nodes { kind value } } events(first: 5) { nodes { eventId } } } }"""
RECORD = """mutation ($events: [EventInput!]!) { recordEvents(input: {events: $events}) {
  results { customer { id } } } }"""
CUT = """mutation { cutLink(input: {between: [{userId: "u1"}, {deviceId: "d1"}]}) { errors { message } } }"""


MEMBER = """query ($by: CustomerRef!) { customer(by: $by) { id segments { nodes { key } } } }"""
SEGMENT = """mutation ($input: CreateSegmentInput!) { createSegment(input: $input) { errors { message } } }"""


@pytest.fixture
async def remembering(store: Store, recorder: Recorder) -> AsyncIterator[Caller]:
    """A caller of a server that keeps answers for a minute."""
    settings = Settings(query_timeout_s=30, cache_ttl_s=60, keys_fresh_s=600)
    platform = Platform(settings, store, recorder, remembered=remembered_answers(settings, store))
    assert platform.remembered is not None
    async with serving(platform) as client:
        yield Caller(client, store)
    store.unwatch(platform.remembered.forget)


async def seen(caller: Caller, user: str = "u1") -> list[str]:
    """Ids of the events of a user's customer, newest first."""
    found = (await caller.ask(WHO, by={"userId": user}))["customer"]
    return [] if found is None else [node["eventId"] for node in found["events"]["nodes"]]


async def member(caller: Caller, user: str) -> list[str]:
    """The segments of a user's customer."""
    found = (await caller.ask(MEMBER, by={"userId": user}))["customer"]
    return [node["key"] for node in found["segments"]["nodes"]]


async def test_an_answer_comes_from_memory_until_its_customer_changes(remembering: Caller) -> None:
    await remembering.ask(RECORD, events=[event("e1"), event("o1", by=[{"userId": "u2"}])])
    assert await seen(remembering) == ["e1"]
    assert await remembering.statements(WHO, by={"userId": "u1"}) == 0
    await remembering.ask(RECORD, events=[event("o2", by=[{"userId": "u2"}])])
    assert await remembering.statements(WHO, by={"userId": "u1"}) == 0, "somebody else changed"
    await remembering.ask(RECORD, events=[event("e2", at="2026-01-01T11:00:00Z")])
    assert await seen(remembering) == ["e2", "e1"]


async def test_whoever_writes_reads_it_at_once(remembering: Caller) -> None:
    """Eight who write and read at the same time: none sees an answer without what it was acknowledged."""

    async def write_and_read(writer: int) -> None:
        for number in range(12):
            mine = f"w{writer}-{number}"
            at = f"2026-01-{writer + 1:02}T10:00:{number:02}Z"
            by = [{"userId": "u1"}, {"deviceId": f"d{writer}"}]
            await remembering.ask(RECORD, events=[event(mine, at=at, by=by)])
            document = WHO.replace("first: 5", "first: 100")
            found = (await remembering.ask(document, by={"deviceId": f"d{writer}"}))["customer"]
            assert mine in [node["eventId"] for node in found["events"]["nodes"]]

    await asyncio.gather(*(write_and_read(writer) for writer in range(8)))


async def test_merges_and_cuts_are_seen_at_once(remembering: Caller) -> None:
    await remembering.ask(RECORD, events=[event("e1", by=[{"deviceId": "d1"}]), event("e2")])
    for by in ({"deviceId": "d1"}, {"userId": "u1"}):
        assert len((await remembering.ask(WHO, by=by))["customer"]["identifiers"]["nodes"]) == 1
    await remembering.ask(RECORD, events=[event("e3", by=[{"userId": "u1"}, {"deviceId": "d1"}])])
    for by in ({"deviceId": "d1"}, {"userId": "u1"}):
        assert len((await remembering.ask(WHO, by=by))["customer"]["identifiers"]["nodes"]) == 2
    await remembering.ask(CUT)
    for by in ({"deviceId": "d1"}, {"userId": "u1"}):
        assert len((await remembering.ask(WHO, by=by))["customer"]["identifiers"]["nodes"]) == 1


async def test_upkeep_forgets_those_alone_whom_it_moves(remembering: Caller) -> None:
    at = datetime.now(UTC)
    once = {"did": {"event": {"name": "Visit"}, "during": {"within": "PT1H"}}}
    await remembering.ask(SEGMENT, input={"key": "recent", "name": "Recent", "where": once})
    await remembering.ask(RECORD, events=[event("e1", at=at.isoformat()), event("o1", by=[{"userId": "u2"}])])
    key_id, _ = await create_key(remembering.store, "page", [Scope.READ], at)
    inside = [await member(remembering, user) for user in ("u1", "u2")]
    assert inside == [["recent"], []]
    await keep_uses(remembering.store, {key_id: at})
    assert await run_due(remembering.store, at + timedelta(hours=2)) == 1
    assert await remembering.statements(MEMBER, by={"userId": "u2"}) == 0
    assert await member(remembering, "u1") == []


async def test_what_another_process_writes_is_forgotten_as_the_feed_tells_it(
    store: Store, recorder: Recorder, neo4j: EmbeddedNeo4j, rules: IdentityRules
) -> None:
    remembered, feed = Remembered(60), feed_of(store)
    platform = Platform(Settings(query_timeout_s=30, keys_fresh_s=600), store, recorder, remembered=remembered)
    following = asyncio.create_task(forget_as_told(remembered, feed))
    try:
        async with serving(platform) as client, asyncio.timeout(30):
            caller = Caller(client, store)
            await recorder.record([{"id": "e1", "name": "Seen", "identifiers": [("user", "u1")]}])
            while await caller.statements(WHO, by={"userId": "u1"}):  # noqa: ASYNC110  # until it is remembered
                await asyncio.sleep(0.02)
            async with await Store.open(neo4j.connection) as other:
                await Recorder(other, rules).record([{"id": "e2", "name": "Seen", "identifiers": [("user", "u1")]}])
            while await seen(caller) != ["e2", "e1"]:  # noqa: ASYNC110  # nobody tells when it is forgotten
                await asyncio.sleep(0.02)
    finally:
        following.cancel()


def test_an_answer_that_was_read_during_a_write_is_not_kept() -> None:
    remembered = Remembered(60)
    begun = remembered.begin()
    remembered.forget(["cus_1"])
    remembered.put("one", "cus_1", b"{}", begun)
    remembered.put("other", "cus_2", b"{}", begun)
    assert remembered.get("one") is None
    assert remembered.get("other") == b"{}"
    begun = remembered.begin()
    remembered.forget(None)
    remembered.put("other", "cus_2", b"{}", begun)
    assert remembered.get("other") is None


def test_after_more_writes_than_are_known_nothing_is_kept() -> None:
    remembered = Remembered(60)
    begun = remembered.begin()
    for _ in range(RECENT_MAX + 1):
        remembered.forget(["cus_9"])
    remembered.put("one", "cus_1", b"{}", begun)
    assert remembered.get("one") is None


def test_an_answer_is_forgotten_in_time() -> None:
    now_s = 0.0
    remembered = Remembered(2, clock_s=lambda: now_s)
    remembered.put("one", "cus_1", b"{}", remembered.begin())
    now_s = 1.9
    assert remembered.get("one") == b"{}"
    now_s = 2.0
    assert remembered.get("one") is None


def test_the_answers_not_asked_for_longest_go_first() -> None:
    remembered = Remembered(60, bytes_max=2 * (1000 + 500))
    for name in ("one", "two"):
        remembered.put(name, f"cus_{name}", b"x" * 500, remembered.begin())
    assert remembered.get("one") is not None
    remembered.put("three", "cus_three", b"x" * 500, remembered.begin())
    assert [name for name in ("one", "two", "three") if remembered.get(name)] == ["one", "three"]
