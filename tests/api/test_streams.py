"""docs/http.md, rules 14, 17 and 18: graphql-sse, distinct connections mode, over real HTTP."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
import pytest

from graphcdp.api import live, streams
from graphcdp.app import Platform
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, event, record, serving
from tests.api.live import FOLLOW, WAIT_S, nothing_left, opened, set_job
from tests.api.test_http import NAME, code

EVENTS = {"Accept": "text/event-stream"}
URQL = {"Accept": "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"}


async def events_of(response: httpx.Response) -> AsyncGenerator[tuple[str, Json | None], None]:
    """The events of a stream, each with its data; pings are `("", None)`."""
    name, data = "", ""
    async for line in response.aiter_lines():
        if line == "":
            yield name, json.loads(data) if data else None
            name, data = "", ""
        elif not line.startswith(":"):
            field, _, value = line.partition(":")
            name, data = (value.strip(), data) if field == "event" else (name, value.strip())


async def all_of(response: httpx.Response) -> list[tuple[str, Json | None]]:
    return [one async for one in events_of(response) if one[0]]


async def test_rule_18_a_query_is_one_event(caller: Caller) -> None:
    for response in (
        await caller.http.post("/graphql", json=NAME, headers=EVENTS | {"Accept-Encoding": "br, gzip"}),
        await caller.http.get("/graphql", params=NAME, headers=EVENTS),
    ):
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert "content-encoding" not in response.headers
        assert response.headers["cache-control"] == "no-store"
        assert response.text.startswith(":\n\n")
        assert await all_of(response) == [("next", {"data": {"__typename": "Query"}}), ("complete", None)]
    await nothing_left()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_rule_18_a_job_is_followed_to_its_end(caller: Caller, store: Store, method: str) -> None:
    await set_job(store, done=1)
    asked: Json = {"query": FOLLOW, "variables": {"id": "job_a"}}
    given: Json = {"json": asked}
    if method == "GET":
        given = {"params": {"query": FOLLOW, "variables": '{"id": "job_a"}'}}
    seen = []
    async with caller.http.stream(method, "/graphql", headers=EVENTS, **given) as response:
        async for name, data in events_of(response):
            if name == "next" and data is not None:
                seen.append(data["data"]["jobChanged"]["done"])
                await set_job(store, done=seen[-1] + 1, status="SUCCEEDED" if seen[-1] == 2 else "RUNNING")
    assert (seen, name) == ([1, 2, 3], "complete")
    await nothing_left()


async def test_rule_18_what_does_not_begin(caller: Caller) -> None:
    for document, expected in (
        ("{ a", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ('subscription { jobChanged(id: "x") {' + " id" * 21 + " } }", "COST_EXCEEDED"),
        ('subscription { jobChanged(id: "job_none") { id } }', "BAD_USER_INPUT"),
    ):
        response = await caller.http.post("/graphql", json={"query": document}, headers=EVENTS)
        (_, data), end = await all_of(response)
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == expected, (document, data)
        assert end == ("complete", None)


async def test_rule_18_what_is_no_operation_is_told_by_the_status(caller: Caller) -> None:
    for body, status in ((b"{", 400), (b"[]", 400), (b'{"query": ""}', 400)):
        response = await caller.http.post(
            "/graphql", content=body, headers=EVENTS | {"Content-Type": "application/json"}
        )
        assert (response.status_code, code(response)) == (status, "BAD_REQUEST")
    form = await caller.http.post("/graphql", content=b"query=x", headers=EVENTS | {"Content-Type": "text/plain"})
    assert form.status_code == 415
    bad = await caller.http.post("/graphql", json=NAME, headers=EVENTS | {"Authorization": "Bearer gcdp_nothing"})
    assert (bad.status_code, code(bad)) == (401, "UNAUTHENTICATED")
    assert (await caller.http.head("/graphql", params=NAME, headers=EVENTS)).status_code == 406


async def test_rule_18_by_get_nothing_is_written(caller: Caller) -> None:
    write = 'mutation { recordEvent(input: {eventId: "g1", name: "x", identifiers: [{userId: "u9"}]}) { status } }'
    response = await caller.http.get("/graphql", params={"query": write}, headers=EVENTS)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert (await caller.ask('{ customer(by: {userId: "u9"}) { id } }'))["customer"] is None
    by_post = await caller.http.post("/graphql", json={"query": write}, headers=EVENTS)
    assert "RECORDED" in by_post.text


async def test_rule_18_who_takes_both_gets_what_fits(caller: Caller, store: Store) -> None:
    await set_job(store, status="SUCCEEDED")
    await record(caller, event("e1"))
    plain = await caller.http.post("/graphql", json=NAME, headers=URQL)
    assert plain.headers["content-type"].startswith("application/graphql-response+json")
    follow: Json = {"query": FOLLOW, "variables": {"id": "job_a"}}
    streamed = await caller.http.post("/graphql", json=follow, headers=URQL)
    assert [name for name, _ in await all_of(streamed)] == ["next", "complete"]
    for accept in ("application/json", "application/graphql-response+json", "*/*"):
        refused = await caller.http.post("/graphql", json=follow, headers={"Accept": accept})
        assert (refused.status_code, code(refused)) == (406, "BAD_REQUEST")
        assert (
            await caller.http.get("/graphql", params={"query": FOLLOW}, headers={"Accept": accept})
        ).status_code == 406


async def test_rule_18_who_leaves_leaves_nothing(caller: Caller, store: Store) -> None:
    await set_job(store)
    asked: Json = {"query": FOLLOW, "variables": {"id": "job_a"}}
    for _ in range(5):
        async with (
            caller.http.stream("POST", "/graphql", headers=EVENTS, json=asked) as response,
            aclosing(events_of(response)) as events,
        ):
            async for name, _data in events:
                if name == "next":
                    break
    await nothing_left()


async def test_rule_18_pings_and_keys_that_were_revoked(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.05)
    await set_job(store)
    key, text = await create_key(store, "x", ["read"], utc_now())
    asked: Json = {"query": FOLLOW, "variables": {"id": "job_a"}}
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        headers = EVENTS | {"Authorization": f"Bearer {text}"}
        async with asyncio.timeout(WAIT_S), http.stream("POST", "/graphql", headers=headers, json=asked) as response:
            names: list[str] = []
            is_revoked = False
            async for name, _ in events_of(response):
                names.append(name)
                if not is_revoked and "next" in names and names.count("") >= 4:
                    await revoke_key(store, key, utc_now())
                    is_revoked = True
        assert is_revoked
        assert [name for name in names if name] == ["next"], "it was cut off, not completed"
        anonymous = await http.post("/graphql", json=asked, headers=EVENTS)
        assert '"UNAUTHENTICATED"' in anonymous.text
    await nothing_left()


async def test_rule_17_a_stop_ends_streams(store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    # However long it takes here, it is not broken off.
    monkeypatch.setattr(live, "CLOSE_S", WAIT_S)
    await set_job(store)
    asked: Json = {"query": FOLLOW, "variables": {"id": "job_a"}}
    # A client of its own, since that of `serving` is gone before the server stops.
    async with httpx.AsyncClient(timeout=WAIT_S) as own:
        async with serving(Platform(Settings(), store, recorder)) as http:
            streaming = own.stream("POST", http.base_url.join("/graphql"), headers=EVENTS, json=asked)
            response = await streaming.__aenter__()
            events = events_of(response)
            assert [(await anext(events))[0] for _ in range(2)] == ["", "next"]
        assert [name async for name, _ in events] == [], "cut off, not completed"
        await streaming.__aexit__(None, None, None)
    await nothing_left()


async def test_rule_17_no_more_streams_than_allowed(store: Store, recorder: Recorder) -> None:
    await set_job(store)
    asked: Json = {"query": FOLLOW, "variables": {"id": "job_a"}}
    async with serving(Platform(Settings(keys_fresh_s=600, live_max=1), store, recorder)) as http, opened(http):
        refused = await http.post("/graphql", json=asked, headers=EVENTS)
        assert (refused.status_code, code(refused), refused.headers["retry-after"]) == (503, "UNAVAILABLE", "5")
        assert (await http.post("/graphql", json=NAME)).status_code == 200
    await nothing_left()
