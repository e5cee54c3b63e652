"""docs/http.md, rule 20: graphql-sse, single connection mode, over real HTTP."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest

from graphcdp.api import live, reservations, streams
from graphcdp.api.trusted import document_id
from graphcdp.app import Platform
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, serving
from tests.api.live import FOLLOW, WAIT_S, nothing_left, opened, set_job
from tests.api.test_http import code
from tests.api.test_streams import EVENTS, events_of

TOKEN = "X-GraphQL-Event-Stream-Token"
NAME = "{ __typename }"
DEEPLY = (
    "query($n: Int!) { customers(first: $n) { nodes { events(first: 100) { nodes { name identifiers { kind } } } } } }"
)


@pytest.fixture(autouse=True)
def _slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine all that follows a reservation may take long.
    monkeypatch.setattr(reservations, "RESERVED_S", 600)


class Stream:
    """A reserved stream, and who uses it."""

    def __init__(self, http: httpx.AsyncClient, token: str, headers: Json) -> None:
        self.http = http
        self.token = token
        self.headers = headers | {TOKEN: token}
        self._events: AsyncGenerator[tuple[str, Json | None], None] | None = None

    async def ask(self, document: str, operation_id: Any = "1", **variables: Any) -> httpx.Response:
        """Ask for an operation."""
        body = {"query": document, "variables": variables, "extensions": {"operationId": operation_id}}
        return await self.http.post("/graphql", json=body, headers=self.headers)

    async def accepted(self, document: str, operation_id: str = "1", **variables: Any) -> None:
        """Ask for an operation, which begins."""
        response = await self.ask(document, operation_id, **variables)
        assert (response.status_code, response.content) == (202, b""), response.text

    async def stop(self, operation_id: str = "1") -> httpx.Response:
        """Stop an operation."""
        return await self.http.delete("/graphql", params={"operationId": operation_id}, headers=self.headers)

    @asynccontextmanager
    async def open(self, **headers: str) -> AsyncIterator["Stream"]:
        """Open it, with its token."""
        async with (
            self.http.stream("GET", "/graphql", headers=self.headers | EVENTS | headers) as response,
            aclosing(events_of(response)) as events,
        ):
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            self._events = events
            yield self

    async def event(self) -> tuple[str, Json | None]:
        """The next event; pings are none."""
        assert self._events is not None
        async with asyncio.timeout(WAIT_S):
            while True:
                found = await anext(self._events)
                if found[0]:
                    return found

    async def ends(self) -> list[str]:
        """What still comes, apart from pings, until the stream is over."""
        assert self._events is not None
        async with asyncio.timeout(WAIT_S):
            return [name async for name, _ in self._events if name]


async def reserved(http: httpx.AsyncClient, **headers: str) -> Stream:
    response = await http.put("/graphql", headers=headers)
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    return Stream(http, response.text, headers)


async def until_gone(stream: Stream) -> None:
    """Wait until the server knows nothing of a stream."""
    async with asyncio.timeout(WAIT_S):
        while (await stream.stop()).status_code != 404:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.02)


async def test_several_operations_on_one_stream(caller: Caller, store: Store) -> None:
    await set_job(store, done=1)
    async with (await reserved(caller.http)).open() as stream:
        await stream.accepted(FOLLOW, "follow", id="job_a")
        name, data = await stream.event()
        assert name == "next"
        assert data == {
            "id": "follow",
            "payload": {"data": {"jobChanged": {"id": "job_a", "status": "RUNNING", "done": 1}}},
        }
        await stream.accepted(NAME, "name")
        assert await stream.event() == ("next", {"id": "name", "payload": {"data": {"__typename": "Query"}}})
        assert await stream.event() == ("complete", {"id": "name"})
        await set_job(store, done=2, status="SUCCEEDED")
        name, data = await stream.event()
        assert data is not None
        assert (name, data["payload"]["data"]["jobChanged"]["done"]) == ("next", 2)
        assert await stream.event() == ("complete", {"id": "follow"})
        write = 'mutation { recordEvent(input: {eventId: "r1", name: "x", identifiers: [{userId: "u1"}]}) { status } }'
        await stream.accepted(write, "follow")
        assert await stream.event() == (
            "next",
            {"id": "follow", "payload": {"data": {"recordEvent": {"status": "RECORDED"}}}},
        )
    await until_gone(stream)
    await nothing_left()


async def test_operations_may_be_asked_for_before_the_stream_is_open(caller: Caller) -> None:
    stream = await reserved(caller.http)
    await stream.accepted(NAME)
    async with stream.open():
        assert [(await stream.event())[0] for _ in range(2)] == ["next", "complete"]


async def test_by_get_and_by_the_address(caller: Caller, store: Store) -> None:
    await set_job(store, status="SUCCEEDED")
    stream = await reserved(caller.http)
    extensions = json.dumps({"operationId": "g"})
    # As EventSource does, which can send no header.
    async with caller.http.stream("GET", "/graphql", params={"token": stream.token}, headers=EVENTS) as response:
        events = events_of(response)
        assert await anext(events) == ("", None)
        given = {"query": FOLLOW, "variables": '{"id": "job_a"}', "extensions": extensions, "token": stream.token}
        asked = await caller.http.get("/graphql", params=given)
        assert (asked.status_code, asked.headers["cache-control"]) == (202, "no-store")
        assert [(await anext(events))[0] for _ in range(2)] == ["next", "complete"]
        write = {
            "query": "mutation { alias(input: {}) { __typename } }",
            "extensions": extensions,
            "token": stream.token,
        }
        refused = await caller.http.get("/graphql", params=write)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        await events.aclose()


async def test_what_does_not_begin_is_told_at_once(caller: Caller) -> None:
    async with (await reserved(caller.http)).open() as stream:
        for document, variables, expected in (
            ("{ a", {}, "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
            ("subscription {", {}, "GRAPHQL_PARSE_FAILED"),
            ("subscription { nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
            ("query A { __typename } query B { __typename }", {}, "BAD_USER_INPUT"),
            (FOLLOW, {}, "BAD_USER_INPUT"),
            ('subscription { jobChanged(id: "x") {' + " id" * 21 + " } }", {}, "COST_EXCEEDED"),
            (DEEPLY, {"n": 100}, "COST_EXCEEDED"),
            ("", {}, "BAD_REQUEST"),
        ):
            response = await stream.ask(document, **variables)
            assert (response.status_code, code(response)) == (400, expected), (document, response.text)
        form = await caller.http.post(
            "/graphql", content=b"query=x", headers=stream.headers | {"Content-Type": "text/plain"}
        )
        assert form.status_code == 415
        # The id is free again each time, and what fails later comes by the stream.
        await stream.accepted(FOLLOW, id="job_none")
        name, data = await stream.event()
        assert data is not None
        assert (name, data["id"], data["payload"]["data"]) == ("next", "1", None)
        assert data["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert await stream.event() == ("complete", {"id": "1"})


async def test_an_operation_is_stopped(caller: Caller, store: Store) -> None:
    await set_job(store)
    async with (await reserved(caller.http)).open() as stream:
        await stream.accepted(FOLLOW, id="job_a")
        assert (await stream.event())[0] == "next"
        assert (await stream.ask(NAME)).status_code == 409
        stopped = await stream.stop()
        assert (stopped.status_code, stopped.content) == (200, b"")
        assert (await stream.stop()).status_code == 200
        await set_job(store, done=9)
        await stream.accepted(NAME)
        assert await stream.event() == ("next", {"id": "1", "payload": {"data": {"__typename": "Query"}}})
        assert await stream.event() == ("complete", {"id": "1"})
        assert (await caller.http.delete("/graphql", headers=stream.headers)).status_code == 400
        assert (await caller.http.delete("/graphql", params={"operationId": "1"})).status_code == 400


async def test_ids_and_tokens(caller: Caller) -> None:
    stream = await reserved(caller.http)
    for bad in (None, "", "x" * 129, 7, ["1"]):
        assert (await stream.ask(NAME, bad)).status_code == 400
    async with stream.open():
        again = await caller.http.get("/graphql", headers=stream.headers | EVENTS)
        assert (again.status_code, code(again)) == (409, "BAD_REQUEST")
        assert (await caller.http.head("/graphql", headers=stream.headers)).status_code == 405
    await until_gone(stream)
    for method in ("GET", "POST"):
        gone = await caller.http.request(method, "/graphql", headers=stream.headers | EVENTS)
        assert (gone.status_code, code(gone)) == (404, "BAD_REQUEST"), "a token is good once"
    # Clients that mix up their headers send the old one along.
    other = await caller.http.put("/graphql", headers=stream.headers)
    assert other.status_code == 201
    assert other.text != stream.token


async def test_it_is_one_principals(store: Store, recorder: Recorder) -> None:
    await set_job(store)
    _, reads = await create_key(store, "reads", ["read"], utc_now())
    _, writes = await create_key(store, "writes", ["write"], utc_now())
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        mine, other = ({"Authorization": f"Bearer {key}"} for key in (reads, writes))
        bad = await http.put("/graphql", headers={"Authorization": "Bearer gcdp_nothing"})
        assert (bad.status_code, code(bad)) == (401, "UNAUTHENTICATED")
        stream = await reserved(http, **mine)
        for headers in (other, {}):
            stranger = Stream(http, stream.token, headers)
            for refused in (await stranger.ask(NAME), await stranger.stop()):
                assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")
        assert (await http.get("/graphql", headers=EVENTS | other | {TOKEN: stream.token})).status_code == 403
        async with Stream(http, stream.token, {}).open() as by_token:
            await stream.accepted(FOLLOW, id="job_a")
            name, data = await by_token.event()
            assert data is not None
            assert (name, "errors" in data["payload"]) == ("next", False)
        nobody = await reserved(http)
        async with nobody.open():
            await nobody.accepted(FOLLOW, id="job_a")
            _, data = await nobody.event()
            assert data is not None
            assert data["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_key_that_was_revoked_ends_it(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.05)
    await set_job(store)
    key, text = await create_key(store, "x", ["read"], utc_now())
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        async with (await reserved(http, Authorization=f"Bearer {text}")).open() as stream:
            await stream.accepted(FOLLOW, id="job_a")
            assert (await stream.event())[0] == "next"
            await revoke_key(store, key, utc_now())
            assert "complete" not in await stream.ends()
        await nothing_left()


async def test_stored_operations(store: Store, recorder: Recorder, tmp_path: Any) -> None:
    (tmp_path / "follow.graphql").write_text(FOLLOW)
    await set_job(store, status="SUCCEEDED")
    settings = Settings(keys_fresh_s=600, trusted_documents=tmp_path, trusted_only=True)
    async with (
        serving(Platform(settings, store, recorder)) as http,
        (await reserved(http)).open() as stream,
    ):
        refused = await stream.ask(NAME)
        assert (refused.status_code, code(refused)) == (403, "DOCUMENT_NOT_TRUSTED")
        body = {"documentId": document_id(FOLLOW), "variables": {"id": "job_a"}, "extensions": {"operationId": "1"}}
        assert (await http.post("/graphql", json=body, headers=stream.headers)).status_code == 202
        assert (await stream.event())[0] == "next"


async def test_other_sites(store: Store, recorder: Recorder) -> None:
    shop = "https://shop.example"
    async with serving(Platform(Settings(cors_origins=(shop,)), store, recorder)) as http:
        for method in ("PUT", "DELETE"):
            headers = {"Origin": shop, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": TOKEN}
            allowed = await http.options("/graphql", headers=headers)
            assert allowed.status_code == 200
            assert method in allowed.headers["access-control-allow-methods"]
            assert TOKEN.lower() in allowed.headers["access-control-allow-headers"].lower()
            assert (
                await http.options("/graphql", headers=headers | {"Origin": "https://evil.example"})
            ).status_code == 400
        reservation = await http.put("/graphql", headers={"Origin": shop})
        assert reservation.headers["access-control-allow-origin"] == shop
    async with serving(Platform(Settings(), store, recorder)) as http:
        # What a browser asks first, before any page of another site may send PUT or DELETE.
        asked = {"Origin": shop, "Access-Control-Request-Method": "PUT"}
        assert (await http.options("/graphql", headers=asked)).status_code == 405


async def test_ten_operations_at_once(caller: Caller, store: Store) -> None:
    await set_job(store)
    async with (await reserved(caller.http)).open() as stream:
        for n in range(live.OPERATIONS_MAX):
            await stream.accepted(FOLLOW, str(n), id="job_a")
        more = await stream.ask(NAME, "more")
        assert (more.status_code, code(more)) == (429, "COST_EXCEEDED")
        await stream.stop("0")
        async with asyncio.timeout(WAIT_S):
            while (await stream.ask(NAME, "more")).status_code != 202:
                pass
    await until_gone(stream)
    await nothing_left()


async def test_reservations_are_few_and_short(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "RESERVED_MAX", 2)
    first, second = [await reserved(caller.http) for _ in range(2)]
    full = await caller.http.put("/graphql")
    assert (full.status_code, code(full), full.headers["retry-after"]) == (503, "UNAVAILABLE", "5")
    async with first.open():
        # One that is open is none of those that wait.
        monkeypatch.setattr(reservations, "RESERVED_S", 0.05)
        third = await reserved(caller.http)
        await third.ask(NAME)
        await until_gone(third)
        assert (await first.ask(NAME)).status_code == 202
    await until_gone(first)
    async with second.open():
        pass
    await until_gone(second)
    await nothing_left()


async def test_none_are_left_when_sockets_have_taken_all(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(keys_fresh_s=600, live_max=1), store, recorder)) as http, opened(http):
        none = await http.put("/graphql")
        assert (none.status_code, code(none)) == (503, "UNAVAILABLE")
    await nothing_left()


async def test_a_stop_ends_them(store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CLOSE_S", WAIT_S)
    await set_job(store)
    async with httpx.AsyncClient(timeout=WAIT_S) as own:
        async with serving(Platform(Settings(), store, recorder)) as http:
            own.base_url = http.base_url
            await (await reserved(own)).accepted(FOLLOW, id="job_a")
            opening = (await reserved(own)).open()
            stream = await opening.__aenter__()
            await stream.accepted(FOLLOW, id="job_a")
            assert (await stream.event())[0] == "next"
        assert await stream.ends() == [], "cut off, not completed"
        await opening.__aexit__(None, None, None)
    await nothing_left()
