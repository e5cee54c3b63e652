"""Requests that come word for word again get the same answer, for whoever may have it and while it is true.

Source: docs/http.md, rule 19.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable
from typing import Any

import httpx
import orjson
import pytest

from graphcdp.api.remembered import Remembered
from graphcdp.app import Platform
from graphcdp.model.principals import Scope
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import RECORD, Caller, event, record, serving

WHO = """query ($by: CustomerRef!) { customer(by: $by) {
  id displayName identifiers { nodes { value } } events(first: 50) { nodes { eventId name properties { json } } } } }"""
ASKED = {"query": WHO, "variables": {"by": {"userId": "u1"}}}
SHOP = "https://shop.example"


class Looked(Remembered):
    """Knows how often it was looked for what is kept of whole requests, and whether that was there."""

    def __init__(self) -> None:
        super().__init__(60)
        self.found: list[bool] = []

    def get(self, name: Hashable) -> Any:
        value = super().get(name)
        if isinstance(name, tuple) and isinstance(name[0], bytes):
            self.found.append(value is not None)
        return value


@pytest.fixture
async def server(store: Store, recorder: Recorder) -> AsyncIterator[tuple[Caller, Looked]]:
    """A caller of a server that keeps answers for a minute, and whose keys are read again at once."""
    settings = Settings(query_timeout_s=30, cache_ttl_s=60, keys_fresh_s=0.01, cors_origins=[SHOP])
    looked = Looked()
    platform = Platform(settings, store, recorder, remembered=looked)
    store.watch(looked.forget)
    async with serving(platform) as client:
        caller = Caller(client, store)
        orders = [
            event(f"e{n}", name="Order Completed", traits={"name": "Ann"}, properties={"n": n}) for n in range(30)
        ]
        await record(caller, *orders)
        looked.found.clear()
        yield caller, looked
    store.unwatch(looked.forget)


async def ask(caller: Caller, **headers: str) -> httpx.Response:
    return await caller.http.post("/graphql", json=ASKED, headers=headers)


def told(response: httpx.Response) -> list[tuple[str, str]]:
    """The headers that say something about the answer."""
    return sorted(pair for pair in response.headers.multi_items() if pair[0] not in ("x-request-id", "date"))


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "br, gzip;q=0.5"])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/graphql-response+json"])
async def test_the_same_request_gets_the_same_answer(server: tuple[Caller, Looked], encoding: str, accept: str) -> None:
    caller, looked = server
    headers = {"Accept": accept, "Accept-Encoding": encoding, "Origin": SHOP}
    first, second, third = [await ask(caller, **headers) for _ in range(3)]
    assert looked.found == [False, True, True]
    assert first.content == second.content == third.content
    assert told(first) == told(second) == told(third)
    assert first.headers["access-control-allow-origin"] == SHOP
    assert ("content-encoding" in first.headers) is (encoding != "identity")
    assert len({one.headers["x-request-id"] for one in (first, second, third)}) == 3
    other = await ask(caller, **headers, **{"X-Request-Id": "mine"})
    assert other.headers["x-request-id"] == "mine"


async def test_what_differs_in_a_header_that_matters_is_answered_anew(server: tuple[Caller, Looked]) -> None:
    caller, _ = server
    await ask(caller)
    assert (await ask(caller)).status_code == 200
    assert (await ask(caller, **{"Content-Type": "text/plain"})).status_code == 415
    assert (await ask(caller, **{"Content-Encoding": "gzip"})).status_code == 415
    assert (await ask(caller, Accept="image/png")).status_code == 406
    streamed = await ask(caller, Accept="text/event-stream")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert (await ask(caller, **{"X-GraphQL-Event-Stream-Token": "none"})).status_code == 404
    by_query = await caller.http.post("/graphql?token=none", json=ASKED)
    assert by_query.status_code == 404


async def test_a_write_is_seen_at_once(server: tuple[Caller, Looked]) -> None:
    caller, _ = server
    for number in range(5):
        await record(caller, event(f"later{number}", at="2026-02-01T00:00:00Z"))
        for _ in range(2):
            found = (await ask(caller)).json()["data"]["customer"]["events"]["nodes"]
            assert f"later{number}" in [node["eventId"] for node in found]


async def test_mutations_take_effect_each_time(server: tuple[Caller, Looked]) -> None:
    caller, _ = server
    asked = {"query": RECORD, "variables": {"events": [event("again")]}}
    found = [(await caller.http.post("/graphql", json=asked)).json()["data"]["recordEvents"] for _ in range(2)]
    assert [(one["recorded"], one["duplicates"]) for one in found] == [(1, 0), (0, 1)]


async def test_who_asks_is_worked_out_each_time(server: tuple[Caller, Looked]) -> None:
    caller, looked = server
    await ask(caller)
    key_id, key = await create_key(caller.store, "pii", [Scope.READ, Scope.PII], utc_now())
    _, masked = await create_key(caller.store, "read", [Scope.READ], utc_now())
    await asyncio.sleep(0.05)
    assert (await ask(caller)).status_code == 200
    assert (await ask(caller)).json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    shown = {
        key: [(await ask(caller, Authorization=f"Bearer {key}")).json()["data"]["customer"] for _ in range(2)]
        for key in (key, masked)
    }
    assert looked.found[-4:] == [False, True, False, True]
    assert [one["displayName"] for one in shown[key]] == ["Ann", "Ann"]
    assert "Ann" not in [one["displayName"] for one in shown[masked]]
    await revoke_key(caller.store, key_id, utc_now())
    await asyncio.sleep(0.05)
    assert (await ask(caller, Authorization=f"Bearer {key}")).status_code == 401


async def test_a_request_in_pieces_is_answered(server: tuple[Caller, Looked]) -> None:
    caller, looked = server
    body = orjson.dumps(ASKED)

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:20]
        await asyncio.sleep(0.05)
        yield body[20:]

    headers = {"Content-Type": "application/json"}
    for _ in range(2):
        response = await caller.http.post("/graphql", content=pieces(), headers=headers)
        assert response.json()["data"]["customer"]["displayName"] == "Ann"
    assert looked.found == []


async def test_a_large_request_is_answered(server: tuple[Caller, Looked]) -> None:
    caller, looked = server
    asked = {**ASKED, "extensions": {"note": "-" * 20_000}}
    for _ in range(2):
        assert (await caller.http.post("/graphql", json=asked)).json()["data"]["customer"]["displayName"] == "Ann"
    assert looked.found == []


def test_what_was_made_of_an_answer_goes_with_it() -> None:
    now_s = 0.0
    remembered = Remembered(2, clock_s=lambda: now_s)
    remembered.put("one", "cus_1", b"{}", remembered.begin())
    assert remembered.mark_of("one", b"other") is None
    now_s = 1.5
    made_of = remembered.mark_of("one", b"{}")
    assert made_of is not None
    remembered.put_beside(made_of, "reply", "a reply", 7)
    assert remembered.get("reply") == "a reply"
    now_s = 2.0
    assert remembered.get("reply") is None, "no longer than the answer"
    remembered.put("one", "cus_1", b"{}", remembered.begin())
    made_of = remembered.mark_of("one", b"{}")
    assert made_of is not None
    remembered.forget(["cus_1"])
    remembered.put_beside(made_of, "reply", "a reply", 7)
    assert remembered.get("reply") is None, "it was forgotten meanwhile"
