"""docs/http.md over real HTTP: methods, media types, GET, ETag, CORS, compression."""

import gzip

import brotli
import orjson
import pytest

from graphcdp.api.negotiation import RESPONSE
from graphcdp.app import Platform
from graphcdp.model.errors import SettingsError
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, event, record, serving
from tests.api.test_http import NAME, code

ALL = "{ __schema { types { name description } } }"
ORIGIN = "https://shop.example"


async def test_rule_2_by_the_new_media_type_the_status_tells(caller: Caller) -> None:
    headers = {"Accept": RESPONSE}
    fine = await caller.http.post("/graphql", json=NAME, headers=headers)
    assert (fine.status_code, fine.headers["content-type"]) == (200, f"{RESPONSE}; charset=utf-8")
    for document in ("{ a", "{ nothing }", "query($n: Int!) { customers(first: $n) { nodes { id } } }"):
        refused = await caller.http.post("/graphql", json={"query": document}, headers=headers)
        assert (refused.status_code, "data" in refused.json()) == (400, False)
        assert (await caller.http.post("/graphql", json={"query": document})).status_code == 200
    failed = await caller.http.post(
        "/graphql", json={"query": '{ customers(after: "x") { nodes { id } } }'}, headers=headers
    )
    assert (failed.status_code, failed.json()["data"], code(failed)) == (200, {"customers": None}, "BAD_CURSOR")


async def test_rule_3_what_the_caller_cannot_read_is_not_sent(caller: Caller) -> None:
    response = await caller.http.post("/graphql", json=NAME, headers={"Accept": "application/xml"})
    assert (response.status_code, code(response)) == (406, "BAD_REQUEST")


async def test_rule_4_get_answers_queries(caller: Caller) -> None:
    await record(caller, event("e1"))
    asked = {
        "query": "query A($by: CustomerRef!) { customer(by: $by) { displayName } } query B { __typename }",
        "variables": '{"by": {"userId": "u1"}}',
        "operationName": "A",
        "extensions": "{}",
    }
    response = await caller.http.get("/graphql", params=asked)
    assert (response.status_code, response.json()) == (200, {"data": {"customer": {"displayName": "u1"}}})
    head = await caller.http.head("/graphql", params=asked)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", response.headers["etag"])


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ([], 400),
        ([("query", "")], 400),
        ([("query", "{ __typename }"), ("query", "{ __typename }")], 400),
        ([("query", "{ __typename }"), ("variables", "{")], 400),
        ([("query", "{ __typename }"), ("variables", "[]")], 400),
        (
            [("query", "{ __typename }"), ("variables", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"))],
            400,
        ),
        ([("query", "{ __typename }"), ("extensions", "7")], 400),
        ([("query", "{ __typename }"), ("variables", ""), ("operationName", "")], 200),
        ([("query", "mutation { __typename }")], 405),
        ([("query", "query A { __typename } mutation B { __typename }"), ("operationName", "B")], 405),
        ([("query", "query A { __typename } mutation B { __typename }"), ("operationName", "A")], 200),
    ],
)
async def test_rule_4_what_get_does_not_answer(caller: Caller, parameters: list[tuple[str, str]], status: int) -> None:
    response = await caller.http.get("/graphql", params=parameters)
    assert response.status_code == status, response.text
    if status != 200:
        assert code(response) == "BAD_REQUEST"
    assert response.headers.get("allow") == ("POST" if status == 405 else None)


async def test_rule_4_a_get_writes_nothing(caller: Caller) -> None:
    write = 'mutation { recordEvent(input: {eventId: "g1", name: "x", identifiers: [{userId: "u9"}]}) { status } }'
    assert (await caller.http.get("/graphql", params={"query": write})).status_code == 405
    assert (await caller.ask('{ customer(by: {userId: "u9"}) { id } }'))["customer"] is None


async def test_rule_6_an_answer_that_the_caller_has_is_not_sent_again(caller: Caller) -> None:
    asked = {"query": '{ customer(by: {userId: "u1"}) { displayName } }'}
    first = await caller.http.get("/graphql", params=asked)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for given in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await caller.http.get("/graphql", params=asked, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await record(caller, event("e1"))
    changed = await caller.http.get("/graphql", params=asked, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
    posted = await caller.http.post("/graphql", json=asked, headers={"If-None-Match": "*"})
    assert (posted.status_code, "etag" in posted.headers) == (200, False)


async def test_rule_7_no_other_site_is_allowed_by_default(caller: Caller) -> None:
    response = await caller.http.post("/graphql", json=NAME, headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    assert (await caller.http.options("/graphql", headers=asked)).status_code == 405


async def test_rule_7_the_named_sites_are_allowed(store: Store, recorder: Recorder) -> None:
    settings = Settings(cors_origins=(ORIGIN, "https://app.example"))
    async with serving(Platform(settings, store, recorder)) as client:
        asked = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        before = await client.options("/graphql", headers=asked)
        assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, ORIGIN)
        assert before.headers["access-control-allow-headers"] == "authorization, content-type"
        assert before.headers["access-control-max-age"] == "7200"
        response = await client.post("/graphql", json=NAME, headers={"Origin": ORIGIN})
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in response.headers["vary"]
        assert "access-control-allow-credentials" not in response.headers
        other = await client.post("/graphql", json=NAME, headers={"Origin": "https://shop.example.evil.example"})
        assert "access-control-allow-origin" not in other.headers
        refused = await client.options("/graphql", headers=asked | {"Origin": "https://evil.example"})
        assert refused.status_code == 400


@pytest.mark.parametrize("bad", ["shop.example", "https://shop.example/path", "https://a.example,javascript:1"])
def test_rule_7_an_origin_is_checked_at_start(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCDP_CORS_ORIGINS", bad)
    with pytest.raises(SettingsError, match="GRAPHCDP_CORS_ORIGINS"):
        Settings.load()


def test_rule_7_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCDP_CORS_ORIGINS", "https://a.example, http://localhost:3000")
    assert Settings.load().cors_origins == ("https://a.example", "http://localhost:3000")


async def test_rule_8_large_answers_are_compressed(caller: Caller) -> None:
    plain = None
    for asked, unpack in (("identity", bytes), ("gzip", gzip.decompress), ("gzip, br", brotli.decompress)):
        async with caller.http.stream(
            "POST", "/graphql", json={"query": ALL}, headers={"Accept-Encoding": asked}
        ) as got:
            packed = b"".join([chunk async for chunk in got.aiter_raw()])
        assert got.headers.get("content-encoding") == {"identity": None, "gzip": "gzip", "gzip, br": "br"}[asked]
        assert "Accept-Encoding" in got.headers["vary"]
        answer = unpack(packed)
        assert orjson.loads(answer)["data"]["__schema"]
        assert plain in (None, answer)
        plain = answer
    small = await caller.http.post("/graphql", json=NAME, headers={"Accept-Encoding": "br"})
    assert "content-encoding" not in small.headers
