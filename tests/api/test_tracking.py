"""docs/tracking.md: the wire format of SDKs over a real HTTP server."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from graphcdp.api import tracking
from graphcdp.api.tracking import BATCH_BYTES_MAX, MESSAGES_MAX
from graphcdp.app import Platform
from graphcdp.model.errors import DatabaseError
from graphcdp.model.principals import Scope
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, serving

EVENTS = "{ events(first: 20) { nodes { name source properties { json } context { json } } } }"
REJECTED = "{ rejected(first: 20) { nodes { messageId code reason source content tries } } }"
TAKEN = {"success": True}


@pytest.fixture
async def keyed(store: Store, recorder: Recorder) -> AsyncIterator[Caller]:
    """A caller of a server that has a key, so that it asks for one; it may read."""
    _, key = await create_key(store, "reader", [Scope.ADMIN, Scope.PII], utc_now())
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        http.headers["Authorization"] = f"Bearer {key}"
        yield Caller(http, store)


async def write_key(caller: Caller, name: str = "web shop", scope: Scope = Scope.WRITE) -> str:
    return (await create_key(caller.store, name, [scope], utc_now()))[1]


async def send(caller: Caller, call: str, body: Any, **headers: str) -> httpx.Response:
    """Send as SDKs do, without what the caller says of itself elsewhere."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    url = caller.http.base_url.join(f"/v1/{call}")
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.post(url, content=content, headers=headers)


async def events(caller: Caller) -> list[Json]:
    nodes: list[Json] = (await caller.ask(EVENTS))["events"]["nodes"]
    return nodes


async def rejected(caller: Caller) -> list[Json]:
    nodes: list[Json] = (await caller.ask(REJECTED))["rejected"]["nodes"]
    return nodes


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


CALLS = {
    ("track", "t"): {"event": "Paid", "properties": {"total": 3}},
    ("page", "p"): {"name": "Home"},
    ("screen", "s"): {"name": "Cart"},
    ("group", "g"): {"groupId": "g1"},
    ("identify", "i"): {"traits": {"plan": "gold"}},
    ("alias", "a"): {"previousId": "v1"},
}


async def test_each_call_by_name_and_by_letter(caller: Caller) -> None:
    for calls, body in CALLS.items():
        for call in calls:
            answer = await send(caller, call, {**body, "userId": "u1", "messageId": f"m-{call}"})
            assert (answer.status_code, answer.json()) == (200, TAKEN)
    assert sorted(event["name"] for event in await events(caller)) == sorted(
        2 * ["Paid", "Page Viewed", "Screen Viewed", "Group"]
    )
    found = await caller.ask(
        '{ customer(by: {userId: "u1"}) { traits { plan: text(path: "plan") } identifiers { nodes { kind } } } }'
    )
    assert found["customer"]["traits"]["plan"] == "gold"
    assert {one["kind"] for one in found["customer"]["identifiers"]["nodes"]} == {"user", "anonymous"}
    assert await rejected(caller) == []


async def test_a_batch_keeps_what_is_bad_and_takes_the_rest(caller: Caller) -> None:
    batch = [
        {"type": "track", "event": "A", "userId": "u", "messageId": "1"},
        {"type": "oops", "userId": "u", "messageId": "2"},
        "no message",
        {"type": "track", "event": "B", "messageId": "4"},
        {"type": "track", "event": "C", "userId": "u", "messageId": "5", "properties": {"x": "y" * 40_000}},
        {"type": "page", "userId": "u", "messageId": "6", "context": {"locale": "vi"}},
    ]
    body = {"batch": batch, "context": {"locale": "de", "app": {"name": "shop"}}, "integrations": {"All": False}}
    for call in ("batch", "b", "import"):
        assert (await send(caller, call, body)).json() == TAKEN
    found = {event["name"]: event for event in await events(caller)}
    assert set(found) == {"A", "Page Viewed"}, "the same ids again are the same messages"
    assert found["A"]["context"]["json"] == {
        "locale": "de", "app": {"name": "shop"}, "integrations": {"All": False},
    }  # fmt: skip
    assert found["Page Viewed"]["properties"]["json"] == {"locale": "vi"}
    kept = (await rejected(caller))[-4:]
    assert [one["code"] for one in kept] == ["LIMIT", "NO_IDENTIFIER", "INVALID", "INVALID"]
    assert [one["messageId"] for one in kept][::3] == ["5", "2"]
    assert "types are track" in kept[3]["reason"]
    assert orjson.loads(kept[3]["content"])["sent"]["type"] == "oops"


async def test_a_key_in_the_header_or_in_the_body(keyed: Caller) -> None:
    key = await write_key(keyed)
    body = {"event": "E", "userId": "u"}
    for number, (more, headers) in enumerate(
        [
            ({}, {"Authorization": basic(key)}),
            ({}, {"Authorization": f"Bearer {key}"}),
            ({"writeKey": key}, {"Content-Type": "text/plain"}),
            ({"batch": [{"type": "track", **body, "writeKey": key}], "writeKey": key}, {}),
        ]
    ):
        call = "b" if "batch" in more else "t"
        answer = await send(keyed, call, {**body, **more, "messageId": f"m{number}"}, **headers)
        assert (answer.status_code, answer.json()) == (200, TAKEN)
    found = await events(keyed)
    assert [event["source"] for event in found] == ["web shop"] * 4
    assert all(key not in orjson.dumps(event).decode() for event in found)


async def test_who_may_not_write(keyed: Caller) -> None:
    key_id, revoked = await create_key(keyed.store, "old", [Scope.WRITE], utc_now())
    await revoke_key(keyed.store, key_id, utc_now())
    reading = await write_key(keyed, scope=Scope.READ)
    for status, key in [(401, ""), (401, "abc"), (401, "gcdp_pub_x"), (401, revoked), (403, reading)]:
        for headers in ({"Authorization": basic(key)}, {}):
            answer = await send(keyed, "track", {"event": "E", "userId": "u", "writeKey": key}, **headers)
            assert (answer.status_code, answer.json()["success"]) == (status, False)
            assert key == "" or key not in answer.text
    unreadable = await send(keyed, "track", {"event": "E"}, Authorization="Basic /w==")
    assert unreadable.status_code == 401
    assert await events(keyed) == await rejected(keyed) == []


async def test_a_public_key_only_writes(keyed: Caller) -> None:
    key = await write_key(keyed)
    assert key.startswith("gcdp_pub_")
    keyed.http.headers["Authorization"] = f"Bearer {key}"
    assert (await keyed.failure(REJECTED))["extensions"]["code"] == "FORBIDDEN"


async def test_what_cannot_be_read_is_refused(caller: Caller) -> None:
    zipped = gzip.compress(b'{"batch": []}')
    deep = b'{"batch": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    for status, call, body, headers in [
        (400, "track", b"{", {}),
        (400, "track", b"[]", {}),
        (400, "batch", b'{"batch": {}}', {}),
        (400, "batch", b"{}", {}),
        (400, "batch", deep, {}),
        (400, "batch", b"no gzip", {"Content-Encoding": "gzip"}),
        (400, "batch", zipped[:-9], {"Content-Encoding": "gzip"}),
        (415, "batch", b"x", {"Content-Encoding": "br"}),
        (413, "batch", b'{"batch": []' + b" " * BATCH_BYTES_MAX + b"}", {}),
        (413, "batch", gzip.compress(b" " * 100_000_000), {"Content-Encoding": "gzip"}),
        (413, "batch", orjson.dumps({"batch": [{}] * (MESSAGES_MAX + 1)}), {}),
        (404, "x", b"{}", {}),
    ]:
        answer = await send(caller, call, body, **headers)
        assert (answer.status_code, answer.json()["success"]) == (status, False), (answer.text, call, body[:50])
    assert (await send(caller, "batch", zipped, **{"Content-Encoding": "gzip"})).json() == TAKEN
    assert (await caller.http.get("/v1/track")).status_code == 405
    assert await rejected(caller) == []


async def test_gzip(caller: Caller) -> None:
    body = {"batch": [{"type": "track", "event": "Zipped", "userId": "u"}]}
    answer = await send(caller, "batch", gzip.compress(orjson.dumps(body)), **{"Content-Encoding": "gzip"})
    assert answer.json() == TAKEN
    assert [event["name"] for event in await events(caller)] == ["Zipped"]


async def test_metrics_are_swallowed(keyed: Caller) -> None:
    assert (await send(keyed, "m", {"series": []})).json() == TAKEN


async def test_a_page_of_another_origin_asks_first_and_may(keyed: Caller) -> None:
    key = await write_key(keyed)
    origin = {"Origin": "https://shop.example"}
    asked = await keyed.http.options(
        "/v1/t",
        headers={
            **origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-retry-count",
        },
    )
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "*"
    assert {"authorization", "x-retry-count"} <= set(asked.headers["access-control-allow-headers"].split(","))
    answer = await send(keyed, "t", {"event": "E", "userId": "u"}, **origin, Authorization=basic(key))
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = await send(keyed, "t", {"event": "E", "userId": "u"}, **origin)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
    found = await keyed.http.get(f"/v1/projects/{key}/settings", headers=origin)
    assert found.headers["access-control-allow-origin"] == "*"
    graphql = await keyed.http.post("/graphql", json={"query": "{ __typename }"}, headers=origin)
    assert "access-control-allow-origin" not in graphql.headers


async def test_cors_of_graphql_does_not_narrow_it(store: Store, recorder: Recorder) -> None:
    platform = Platform(Settings(cors_origins=("https://a.example",)), store, recorder)
    ask = {"Access-Control-Request-Method": "POST"}
    async with serving(platform) as http:
        for path, origin, status in [
            ("/v1/t", "https://b.example", 200),
            ("/graphql", "https://a.example", 200),
            ("/graphql", "https://b.example", 400),
        ]:
            assert (await http.options(path, headers={**ask, "Origin": origin})).status_code == status


async def test_an_open_server_takes_nothing_from_pages_of_other_sites(caller: Caller) -> None:
    body = {"event": "E", "userId": "u"}
    for origin, status in [("https://evil.example", 403), ("null", 403), ("http://localhost:3000", 200)]:
        assert (await send(caller, "t", body, Origin=origin)).status_code == status
    assert (await send(caller, "t", body, Host="evil.example")).status_code == 421


async def test_an_open_server_takes_any_key_as_the_source(caller: Caller) -> None:
    await send(caller, "t", {"event": "E", "userId": "u", "writeKey": "app"})
    await send(caller, "t", {"event": "E", "userId": "u"})
    assert sorted(event["source"] for event in await events(caller)) == ["app", "tracking"]


async def test_settings_tell_where_to_send(keyed: Caller) -> None:
    key = await write_key(keyed)
    async with httpx.AsyncClient() as client:
        answer = await client.get(keyed.http.base_url.join(f"/v1/projects/{key}/settings"))
        told = answer.json()["integrations"]["Segment.io"]
        host = keyed.http.base_url.netloc.decode()
        assert (told["apiKey"], told["apiHost"], told["protocol"]) == (key, f"{host}/v1", "http")
        unknown = await client.get(keyed.http.base_url.join("/v1/projects/abc/settings"))
        assert unknown.status_code == 404


async def test_settings_tell_the_public_address(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(tracking_url="https://e.shop.example/"), store, recorder)) as http:
        told = (await http.get("/v1/projects/app/settings")).json()["integrations"]["Segment.io"]
    assert (told["apiHost"], told["protocol"]) == ("e.shop.example/v1", "https")


async def test_addresses_are_kept_only_when_that_is_set(store: Store, recorder: Recorder) -> None:
    body = {"event": "E", "userId": "u", "context": {"userAgent": "x"}}
    for keeps, wanted in [(False, [None]), (True, [None, "127.0.0.1"])]:
        async with serving(Platform(Settings(tracking_ip=keeps), store, recorder)) as http:
            caller = Caller(http, store)
            await send(caller, "t", body)
            found = [event["context"]["json"].get("ip") for event in await events(caller)]
        assert sorted(found, key=str) == sorted(wanted, key=str)


class _Down(Recorder):
    async def record(self, raws: Any) -> Any:
        raise DatabaseError("The database does not answer.")


class _Slow(Recorder):
    async def record(self, raws: Any) -> Any:
        await asyncio.sleep(30)


async def test_a_database_that_is_down_is_asked_again_later(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(), store, _Down(store, recorder.rules))) as http:
        answer = await send(Caller(http, store), "t", {"event": "E", "userId": "u"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    async with serving(Platform(Settings(query_timeout_s=0.2), store, _Slow(store, recorder.rules))) as http:
        answer = await send(Caller(http, store), "t", {"event": "E", "userId": "u"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_too_much_at_once_is_asked_again_soon(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "UNDER_WAY_BYTES_MAX", 100)
    body = {"event": "E", "userId": "u", "x": "y" * 40}
    async with serving(Platform(Settings(query_timeout_s=1), store, _Slow(store, recorder.rules))) as http:
        caller = Caller(http, store)
        answers = await asyncio.gather(*(send(caller, "t", body) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [429, 429, 503]
        assert {answer.headers["retry-after"] for answer in answers if answer.status_code == 429} == {"1"}
        # What is over no longer counts.
        assert (await send(caller, "t", body)).status_code == 503


async def test_a_write_key_is_not_in_the_log(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    await caller.http.get("/v1/projects/gcdp_pub_abc/settings")
    shown = capsys.readouterr()
    assert "gcdp_pub_abc" not in shown.out + shown.err
    assert "/v1/projects/…/settings" in shown.out + shown.err
