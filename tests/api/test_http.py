"""HTTP: what is refused before anything is done, what every answer carries, and that nothing internal leaves."""

import asyncio
from typing import Any, cast

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from graphcdp.api.operations import BATCH_BYTES_MAX, BODY_BYTES_MAX
from graphcdp.api.principals import Doorkeeper
from graphcdp.app import Platform
from graphcdp.model.connection import Connection
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import RECORD, Caller, Json, event, serving

NAME = {"query": "{ __typename }"}


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


async def test_an_operation_is_answered(caller: Caller) -> None:
    response = await caller.http.post("/graphql", json=NAME)
    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    response = await caller.http.post(
        "/graphql", json=NAME | {"variables": None, "operationName": None, "extensions": {}}
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"query={__typename}"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("text/plain", b'{"query": "{__typename}"}'),
        ("application/graphql", b"{__typename}"),
        ("", b'{"query": "{__typename}"}'),
    ],
)
async def test_only_json_is_read(caller: Caller, content_type: str, body: bytes) -> None:
    response = await caller.http.post("/graphql", content=body, headers={"Content-Type": content_type})
    assert (response.status_code, code(response)) == (415, "BAD_REQUEST")


DEEP = 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"query": "{ __typename }"',
        b"nonsense",
        b'{"query": NaN}',
        b"\xff\xfe",
        b"[" * DEEP,
        b'{"query":"{ __typename }","variables":{"x":' + b"[" * DEEP + b"]" * DEEP + b"}}",
        b'{"query":"{ __typename }","variables":{"x":' + b"[" * 300 + b"]" * 300 + b"}}",
        b'{"query":"\\ud800","variables":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"null",
        b'"text"',
        b"[]",
        b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]',
        b"{}",
        b'{"query": ""}',
        b'{"query": 7}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "operationName": 7}',
        b'{"query": "{ __typename }", "operationName": "Other"}',
        b'{"query": "fragment F on Query { __typename }"}',
    ],
)
async def test_what_is_no_operation(caller: Caller, body: bytes) -> None:
    response = await caller.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST"), response.text


async def test_bodies_are_counted(caller: Caller) -> None:
    large = NAME | {"variables": {"x": "y" * BODY_BYTES_MAX}}
    assert (await caller.http.post("/graphql", json=large)).status_code == 413
    assert (await caller.http.post("/graphql", json=NAME | {"x": "y" * BATCH_BYTES_MAX})).status_code == 413
    assert (await caller.http.post("/graphql", json={"query": "#" * 70_000 + "\n{ __typename }"})).status_code == 413

    async def endless() -> Any:
        while True:
            yield b" " * 65536

    try:
        response = await caller.http.post("/graphql", content=endless(), headers={"Content-Type": "application/json"})
        assert response.status_code == 413
    except (httpx.WriteError, httpx.ReadError):
        pass  # the server hung up on what would never end
    batch = {"query": RECORD, "variables": {"events": [event("e1", properties={"x": "y" * BODY_BYTES_MAX})]}}
    assert (await caller.http.post("/graphql", json=batch)).status_code == 200


async def test_other_methods(caller: Caller) -> None:
    for method in ("PATCH", "OPTIONS"):
        assert (await caller.http.request(method, "/graphql")).status_code == 405
    assert (await caller.http.get("/nowhere")).status_code == 404


async def test_a_browser_gets_graphiql(caller: Caller) -> None:
    home = await caller.http.get("/")
    assert (home.status_code, home.headers["location"]) == (307, "/graphql")
    page = await caller.http.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    script = page.text.partition('src="')[2].partition('"')[0]
    assert script.startswith("/graphiql/assets/")
    asset = await caller.http.get(script)
    assert (asset.status_code, "immutable" in asset.headers["cache-control"]) == (200, True)
    missing = await caller.http.get("/graphiql/assets/none.js")
    assert (missing.status_code, "cache-control" in missing.headers) == (404, False)
    assert (await caller.http.get("/graphiql/assets/%2e%2e/index.html")).status_code == 404


async def test_graphiql_can_be_off(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(graphiql=False), store, recorder)) as client:
        page = await client.get("/graphql", headers={"Accept": "text/html"})
        assert page.status_code == 406
        assert (await client.get("/graphiql/assets/index.js")).status_code == 404


async def test_health(caller: Caller) -> None:
    assert (await caller.http.get("/healthz")).json() == {"status": "alive"}
    ready = await caller.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_each_request_is_logged_under_its_id(caller: Caller) -> None:
    with capture_logs() as logs:
        given = await caller.http.post("/graphql?secret=1", json=NAME, headers={"X-Request-Id": "abc-1"})
        made = await caller.http.post("/graphql", json=NAME, headers={"X-Request-Id": "bad id\t" + "x" * 99})
    assert given.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 32
    lines = [line for line in logs if line["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [("POST", "/graphql", 200)] * 2
    assert "secret" not in str(logs)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ a", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { customers(first: $n) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{" * 900, "GRAPHQL_PARSE_FAILED"),
        ("{ a" * 400, "GRAPHQL_PARSE_FAILED"),
        ("{" + " a" * 1001 + "}", "GRAPHQL_PARSE_FAILED"),
        ("{" + " __typename" * 21 + "}", "COST_EXCEEDED"),
        ("{" + " ".join(f'a{n}: node(id: "x") {{ id }}' for n in range(21)) + "}", "COST_EXCEEDED"),
        (
            "{ customers(first: 100) { nodes { events(first: 100) { nodes { name identifiers { kind } } } } } }",
            "COST_EXCEEDED",
        ),
        ("query A { ...F } fragment F on Query { ...G } fragment G on Query { ...F }", "GRAPHQL_VALIDATION_FAILED"),
        (
            'mutation { recordEvent(input: {name: "x", properties: ' + "[" * 300 + "]" * 300 + "}) { status } }",
            "GRAPHQL_PARSE_FAILED",
        ),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
    ],
)
async def test_documents_that_cannot_be(caller: Caller, document: str, expected: str) -> None:
    answer = await caller.answer(document)
    assert "data" not in answer, "it did not begin"
    assert {error["extensions"]["code"] for error in answer["errors"]} == {expected}, answer


async def test_no_trick_with_depth_or_fragments(caller: Caller) -> None:
    doubled = " ".join(f"fragment F{n} on Customer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    bomb = f'{{ customer(by: {{userId: "u1"}}) {{ ...F0 }} }} {doubled} fragment F30 on Customer {{ id }}'
    assert (await caller.failure(bomb))["extensions"]["code"] == "COST_EXCEEDED"
    deep = '{ customer(by: {userId: "u1"}) ' + "{ events { nodes { customer " * 5 + "{ id }" + " } } }" * 5 + " }"
    error = await caller.failure(deep)
    assert (error["extensions"]["code"], error["extensions"]["limit"]) == ("COST_EXCEEDED", 12)
    circle = "{ __schema { types { fields { type " + "{ fields { type " * 10 + "{ name }" + " } }" * 10 + " } } } }"
    assert (await caller.failure(circle))["extensions"]["code"] == "COST_EXCEEDED"


@pytest.mark.parametrize("levels", [9, 60, 190])
async def test_nested_variables_are_told_or_refused(caller: Caller, levels: int) -> None:
    where: Json = {"hasIdentifier": "email"}
    for _ in range(levels):
        where = {"not": where}
    document = "query($where: CustomerPredicate!) { customers(where: $where) { nodes { id } } }"
    error = await caller.failure(document, where=where)
    assert error["extensions"]["code"] in ("BAD_USER_INPUT", "COST_EXCEEDED")
    literal = "{not: " * levels + '{hasIdentifier: "email"}' + "}" * levels
    error = await caller.failure(f"{{ customers(where: {literal}) {{ nodes {{ id }} }} }}")
    assert error["extensions"]["code"] in ("BAD_USER_INPUT", "COST_EXCEEDED", "GRAPHQL_PARSE_FAILED")


async def test_the_introspection_of_tools_is_allowed(caller: Caller) -> None:
    from graphql import build_client_schema, get_introspection_query

    document = get_introspection_query(specified_by_url=True, schema_description=True, input_value_deprecation=True)
    found = build_client_schema(cast("Any", await caller.ask(document)))
    assert found.query_type is not None


async def test_a_fault_of_the_server_is_masked_and_logged(store: Store) -> None:
    async with serving(Platform(Settings(), store, cast("Recorder", None))) as client:
        with capture_logs() as logs:
            response = await client.post(
                "/graphql", json={"query": '{ customer(by: {userId: "u1"}) { id } }'}, headers={"X-Request-Id": "r-1"}
            )
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert (error["message"], error["extensions"]) == ("Internal error. It is logged under r-1.", {"code": "INTERNAL"})
    (line,) = [line for line in logs if line["event"] == "internal error"]
    assert (line["request_id"], line["path"]) == ("r-1", ["customer"])
    assert isinstance(line["exc_info"], AttributeError)


async def test_a_mutation_is_told_to_come_back_while_too_many_messages_wait(store: Store, rules: IdentityRules) -> None:
    recorder = Recorder(store, rules, batch_max=1, waiting_max=1)
    document = """mutation($id: String!) {
      recordEvent(input: {eventId: $id, name: "Seen", identifiers: [{userId: "u1"}]}) { status }
    }"""
    async with serving(Platform(Settings(), store, recorder)) as client:
        asked = [{"query": document, "variables": {"id": f"m{n}"}} for n in range(30)]
        answers = await asyncio.gather(*(client.post("/graphql", json=one) for one in asked))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        for answer in refused:
            (error,) = answer.json()["errors"]
            assert (error["extensions"]["code"], answer.headers["retry-after"]) == ("OVERLOADED", "1")
        taken = {
            one["variables"]["id"]
            for one, answer in zip(asked, answers, strict=True)
            if answer.status_code == 200 and "errors" not in answer.json()
        }
        rows = await store.read_generated(Statement("MATCH (e:Event) RETURN e.id AS id"))
        assert {row["id"] for row in rows} == taken
        assert (await client.post("/graphql", json={"query": "{ caller { kind } }"})).status_code == 200


async def test_a_fault_before_any_operation_is_masked_too(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("bolt://secret")

    async with serving(Platform(Settings(), store, recorder)) as client:
        monkeypatch.setattr(Doorkeeper, "principal", broken)
        response = await client.post("/graphql", json=NAME, headers={"X-Request-Id": "r-2"})
    assert (response.status_code, code(response), "secret" in response.text) == (500, "INTERNAL", False)
    assert "r-2" in response.text


async def test_a_database_that_is_gone(unused_tcp_port: int, rules: Any) -> None:
    from neo4j import AsyncGraphDatabase

    address = f"bolt://127.0.0.1:{unused_tcp_port}"
    driver = AsyncGraphDatabase.driver(address, auth=("neo4j", "secret"), max_transaction_retry_time=0.1)
    gone = Store(driver, Connection(address, "neo4j", "secret"))
    platform = Platform(Settings(query_timeout_s=5), gone, Recorder(gone, rules))
    async with serving(platform) as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert (await client.get("/healthz")).status_code == 200
        for document in (
            '{ customer(by: {userId: "u1"}) { id } }',
            'mutation { recordEvent(input: {name: "x", identifiers: [{userId: "u1"}]}) { status } }',
        ):
            response = await client.post("/graphql", json={"query": document})
            assert code(response) == "UNAVAILABLE"
            assert str(unused_tcp_port) not in response.text
    await gone.close()


async def test_an_operation_ends_in_time(store: Store, recorder: Recorder) -> None:
    platform = Platform(Settings(query_timeout_s=0.001), store, recorder)
    async with serving(platform) as client:
        body = orjson.dumps({"query": "{ customers { nodes { id events { nodes { id } } } } }"})
        response = await client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        assert code(response) == "TIMEOUT"


async def test_one_slow_caller_holds_nobody_up(caller: Caller) -> None:
    answers = await asyncio.gather(*(caller.http.post("/graphql", json=NAME) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
