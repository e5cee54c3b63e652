"""docs/http.md, rules 14 to 17: the protocol graphql-transport-ws over real sockets."""

import asyncio
import socket as sockets
import time
from contextlib import AsyncExitStack
from typing import Any

import psutil
import pytest
from neo4j import AsyncGraphDatabase
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from graphcdp.api import live, server
from graphcdp.api import sockets as endpoint
from graphcdp.api.operations import BODY_BYTES_MAX
from graphcdp.api.trusted import document_id
from graphcdp.app import Platform
from graphcdp.model.connection import Connection
from graphcdp.notify.polled import INTERVAL_MIN_S
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, serving
from tests.api.live import (
    FOLLOW,
    PROTOCOL,
    WAIT_S,
    Client,
    address,
    nothing_left,
    opened,
    set_job,
    tasks_of_ours,
    until,
)
from tests.api.test_access import NEEDS, OPERATIONS, ROOTS, SCOPES, Door, door

__all__ = ["door"]

NAME = "{ __typename }"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "CHECK_S", 0.05)


def platform_of(store: Store, recorder: Recorder, **settings: Any) -> Platform:
    return Platform(Settings(**{"keys_fresh_s": 0.05, **settings}), store, recorder)


async def test_rule_14_queries_and_mutations_have_one_answer(caller: Caller) -> None:
    async with opened(caller.http) as client:
        assert client.socket.subprotocol == PROTOCOL
        await client.init()
        assert await client.ask(NAME) == {"data": {"__typename": "Query"}}
        write = (
            """mutation { recordEvent(input: {eventId: "s1", name: "x", identifiers: [{userId: "u1"}]}) { status } }"""
        )
        assert await client.ask(write) == {"data": {"recordEvent": {"status": "RECORDED"}}}
        found = await client.ask("query A($u: String!) { customer(by: {userId: $u}) { displayName } }", u="u1")
        assert found == {"data": {"customer": {"displayName": "u1"}}}
    await nothing_left()


async def test_rule_14_a_job_is_followed_to_its_end(caller: Caller, store: Store) -> None:
    await set_job(store, done=1)
    async with opened(caller.http) as client:
        await client.init({})
        await client.subscribe(FOLLOW, id="job_a")
        seen = []
        for done, status in ((2, "RUNNING"), (3, "SUCCEEDED"), (0, "")):
            message = await client.receive()
            assert (message["type"], message["id"]) == ("next", "1")
            seen.append(message["payload"]["data"]["jobChanged"])
            if status:
                await set_job(store, done=done, status=status)
        assert await client.receive() == {"type": "complete", "id": "1"}
        assert [(one["done"], one["status"]) for one in seen] == [(1, "RUNNING"), (2, "RUNNING"), (3, "SUCCEEDED")]
        await client.subscribe(FOLLOW, id="job_a")
        assert (await client.receive())["payload"]["data"]["jobChanged"]["status"] == "SUCCEEDED"
        assert (await client.receive())["type"] == "complete"


async def test_rule_14_followers_of_one_job_share_its_reader(store: Store, recorder: Recorder) -> None:
    await set_job(store)
    platform = platform_of(store, recorder, keys_fresh_s=600)
    async with serving(platform) as http, opened(http) as one, opened(http) as other:
        for client in (one, other):
            await client.init()
            for n in range(5):
                await client.subscribe(FOLLOW, str(n), id="job_a")
                await client.receive()
        before, began_s = store.statements_run, time.monotonic()
        await until(lambda: store.statements_run - before >= 3)
        # Ten readers would have needed one turn for that.
        assert time.monotonic() - began_s >= 2 * INTERVAL_MIN_S
        assert len(platform.job_feed) == 1
        await one.socket.close()
        for n in range(5):
            await other.send("complete", id=str(n))
        await other.ask(NAME)
        await until(lambda: len(platform.job_feed) == 0)
    await nothing_left()


async def test_rule_14_what_does_not_begin_and_what_fails(caller: Caller) -> None:
    async with opened(caller.http) as client:
        await client.init()
        for document, expected in (
            ("{ a", "GRAPHQL_PARSE_FAILED"),
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { jobChanged { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ('subscription { a: jobChanged(id: "x") { id } b: __typename }', "GRAPHQL_VALIDATION_FAILED"),
            ("subscription($id: ID!) { jobChanged(id: $id) { id } }", "BAD_USER_INPUT"),
            ('subscription { jobChanged(id: "x") {' + " id" * 21 + " } }", "COST_EXCEEDED"),
            ("{ customers(first: 100) { nodes { events(first: 100) { nodes { name identifiers { kind } } } } } }",
             "COST_EXCEEDED"),
            ("", "BAD_REQUEST"),
        ):  # fmt: skip
            answer = await client.ask(document)
            assert {one["extensions"]["code"] for one in answer["errors"]} == {expected}, (document, answer)
            assert "data" not in answer
        missing = await client.ask(FOLLOW, id="job_none")
        assert missing["data"] is None
        assert missing["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert "job_none" in missing["errors"][0]["message"]
    await nothing_left()


async def test_rule_14_stored_operations(store: Store, recorder: Recorder, tmp_path: Any) -> None:
    (tmp_path / "follow.graphql").write_text(FOLLOW)
    await set_job(store, status="SUCCEEDED")
    platform = platform_of(store, recorder, trusted_documents=tmp_path, trusted_only=True)
    async with serving(platform) as http, opened(http) as client:
        await client.init()
        assert (await client.ask(NAME))["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
        await client.send(
            "subscribe", id="1", payload={"documentId": document_id(FOLLOW), "variables": {"id": "job_a"}}
        )
        assert (await client.receive())["payload"]["data"]["jobChanged"]["id"] == "job_a"


FAULTS: list[tuple[list[Any], int]] = [
    (["nonsense"], 4400),
    ([b"binary"], 4400),
    (["[]"], 4400),
    (["{}"], 4400),
    (['{"type": 7}'], 4400),
    (['{"type": "nothing"}'], 4400),
    (['{"type": "next", "id": "1", "payload": {}}'], 4400),
    (['{"type": "connection_init", "payload": 7}'], 4400),
    (['{"type": "connection_init", "payload": {"authorization": 7}}'], 4400),
    (["INIT", '{"type": "subscribe", "id": "1"}'], 4400),
    (["INIT", '{"type": "subscribe", "payload": {"query": "{ __typename }"}}'], 4400),
    (["INIT", '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}'], 4400),
    (["INIT", '{"type": "complete"}'], 4400),
    (["INIT", '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}"], 4400),
    (['{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}'], 4401),
    (['{"type": "connection_init", "payload": {"authorization": "Bearer gcdp_nothing"}}'], 4403),
    (['{"type": "connection_init", "payload": {"Authorization": "Basic x"}}'], 4403),
    (["INIT", "INIT"], 4429),
    (["INIT", "FOLLOW", "FOLLOW"], 4409),
    (["x" * (BODY_BYTES_MAX + 1)], 1009),
]


@pytest.mark.parametrize(("messages", "expected"), FAULTS)
async def test_rule_15_close_codes(caller: Caller, store: Store, messages: list[Any], expected: int) -> None:
    await set_job(store)
    texts = {
        "INIT": '{"type": "connection_init"}',
        "FOLLOW": '{"type": "subscribe", "id": "1", "payload": {"query": "subscription { jobChanged(id: \\"job_a\\") '
        '{ id } }"}}',
    }
    async with opened(caller.http) as client:
        for message in messages:
            await client.socket.send(texts.get(message, message))
        code, reason = await client.closed()
        assert (code, bool(reason)) == (expected, True)
    await nothing_left()


async def test_rule_15_pings(caller: Caller) -> None:
    async with opened(caller.http) as client:
        await client.send("ping")
        assert await client.receive() == {"type": "pong"}
        await client.init()
        await client.send("ping", payload={"at": 1})
        assert await client.receive() == {"type": "pong"}
        await client.send("pong")
        await client.send("complete", id="unknown")
        assert (await client.ask(NAME))["data"]


@pytest.mark.parametrize(
    ("origin", "allowed", "expected"),
    [
        (None, (), True),
        ("SAME", (), True),
        ("https://evil.example", (), False),
        ("null", (), False),
        ("https://shop.example", ("https://shop.example",), True),
        ("https://shop.example.evil", ("https://shop.example",), False),
        ("https://evil.example", ("*",), True),
    ],
)
async def test_rule_16_origins(
    store: Store, recorder: Recorder, origin: str | None, allowed: tuple[str, ...], expected: bool
) -> None:
    async with serving(platform_of(store, recorder, cors_origins=allowed)) as http:
        given = str(http.base_url).rstrip("/") if origin == "SAME" else origin
        if expected:
            async with opened(http, origin=given) as client:
                await client.init()
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with opened(http, origin=given):
                    pass
            assert refused.value.response.status_code == 403


async def test_rule_16_other_subprotocols(caller: Caller) -> None:
    for subprotocols in (None, ["graphql-ws"]):
        with pytest.raises(InvalidStatus) as refused:
            async with opened(caller.http, subprotocols=subprotocols):
                pass
        assert refused.value.response.status_code == 400
    async with opened(caller.http, subprotocols=["graphql-ws", PROTOCOL]) as client:
        assert client.socket.subprotocol == PROTOCOL


async def test_rule_16_an_open_server_answers_to_no_other_name(caller: Caller) -> None:
    port = caller.http.base_url.port
    # So a browser calls when the name of another site was made to lead here.
    async with connect(
        f"ws://evil.example:{port}/graphql",
        host="127.0.0.1",
        port=port,
        origin=Origin(f"http://evil.example:{port}"),
        subprotocols=[PROTOCOL],
        proxy=None,
    ) as socket:
        client = Client(socket)
        await client.send("connection_init")
        assert (await client.closed())[0] == 4403


@pytest.mark.parametrize("where", ["payload", "header"])
@pytest.mark.parametrize("principal", SCOPES)
async def test_rule_16_every_root_field_by_every_principal(door: Door, principal: str, where: str) -> None:
    header = door.header_by_principal[principal]
    needs = {root: NEEDS[root].scopes for root in [*ROOTS, ("Subscription", "jobChanged")]}
    documents = {**OPERATIONS, "jobChanged": 'subscription { jobChanged(id: "job_x") { id } }'}
    async with opened(door.http, additional_headers=header if where == "header" else None) as client:
        await client.init({"authorization": header["Authorization"]} if where == "payload" and header else None)
        for (_, name), needed in needs.items():
            assert needed is not None
            answer = await client.ask(documents[name])
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            if needed <= SCOPES[principal]:
                assert not {"FORBIDDEN", "UNAUTHENTICATED", "INTERNAL", "BAD_REQUEST"} & codes, (name, answer)
            else:
                assert codes == {"UNAUTHENTICATED" if principal == "anonymous" else "FORBIDDEN"}, (name, answer)


async def test_rule_16_a_key_that_was_revoked_ends_the_socket(store: Store, recorder: Recorder) -> None:
    await set_job(store)
    key, text = await create_key(store, "x", ["read"], utc_now())
    async with serving(platform_of(store, recorder)) as http, opened(http) as client:
        await client.init({"authorization": f"Bearer {text}"})
        await client.subscribe(FOLLOW, id="job_a")
        await client.receive()
        await revoke_key(store, key, utc_now())
        assert (await client.closed())[0] == 4403
    await nothing_left()


async def test_rule_16_a_first_key_ends_sockets_of_nobody(store: Store, recorder: Recorder) -> None:
    async with serving(platform_of(store, recorder)) as http, opened(http) as client:
        await client.init()
        assert (await client.ask(NAME))["data"]
        await create_key(store, "x", ["read"], utc_now())
        assert (await client.closed())[0] == 4403


async def test_rule_17_who_says_nothing_is_closed(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "INIT_S", 0.2)
    async with opened(caller.http) as client:
        assert (await client.closed())[0] == 4408
    monkeypatch.undo()
    monkeypatch.setattr(endpoint, "CHECK_S", 0.05)
    monkeypatch.setattr(endpoint, "IDLE_S", 0.2)
    async with opened(caller.http) as client:
        await client.init()
        assert (await client.closed())[0] == 1000
    await nothing_left()


async def test_rule_17_ten_operations_at_once(caller: Caller, store: Store) -> None:
    await set_job(store)
    async with opened(caller.http) as client:
        await client.init()
        for n in range(10):
            await client.subscribe(FOLLOW, str(n), id="job_a")
            assert (await client.receive())["type"] == "next"
        refused = await client.ask(NAME, "more")
        assert refused["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
        await client.send("complete", id="0")
        await until(lambda: operations() == 9)
        assert (await client.ask(NAME, "more"))["data"]
        await until(lambda: operations() == 9)
        client.socket.transport.abort()
    await nothing_left()


def operations() -> int:
    """How many operations of sockets are going on."""
    return sum("_operate" in name for name in tasks_of_ours())


async def test_rule_17_a_flood_of_operations_on_one_socket(caller: Caller, store: Store) -> None:
    await set_job(store)

    async def flood(client: Client) -> None:
        for n in range(10_000):
            await client.subscribe(FOLLOW, str(n), id="job_a")

    async with opened(caller.http) as client:
        await client.init()
        sending = asyncio.create_task(flood(client))
        kinds = []
        while len(kinds) < 10_000:
            kinds.append((await client.receive())["type"])
        await sending
        assert kinds.count("next") == 10
        assert len(tasks_of_ours()) <= 15
    await nothing_left()


async def test_rule_17_a_flood_of_sockets(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "INIT_S", 600)

    async def refused() -> int:
        with pytest.raises(InvalidStatus) as told:
            async with opened(caller.http, open_timeout=WAIT_S):
                pass
        return told.value.response.status_code

    async with AsyncExitStack() as silent:
        opening = (
            silent.enter_async_context(opened(caller.http, open_timeout=WAIT_S)) for _ in range(live.UNKNOWN_MAX)
        )
        first, *_ = await asyncio.gather(*opening)
        assert set(await asyncio.gather(*(refused() for _ in range(300)))) == {503}
        assert (await caller.http.get("/healthz")).status_code == 200
        # Who says who they are makes room for one more, and for one only.
        await first.init()
        await silent.enter_async_context(opened(caller.http, open_timeout=WAIT_S))
        assert await refused() == 503
        assert (await first.ask(NAME))["data"]
    await nothing_left()
    async with opened(caller.http) as client:
        await client.init()
        assert (await client.ask(NAME))["data"]


async def test_rule_17_a_stop_says_goodbye(store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    # However long it takes here, it is not broken off.
    monkeypatch.setattr(live, "CLOSE_S", WAIT_S)
    monkeypatch.setattr(endpoint, "CLOSE_S", WAIT_S)
    await set_job(store)
    async with serving(platform_of(store, recorder)) as http:
        opening = opened(http)
        client = await opening.__aenter__()
        await client.init()
        await client.subscribe(FOLLOW, id="job_a")
        await client.receive()
        ended = asyncio.create_task(client.closed())
    assert (await ended)[0] == 1001
    await opening.__aexit__(None, None, None)
    await nothing_left()


async def test_rule_17_who_does_not_read_is_dropped(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "SEND_S", 0.5)
    monkeypatch.setattr(server, "UNTAKEN_S", 2)
    document = "{ __schema { types { name description fields { name description args { description } } } } }"
    platform = platform_of(store, recorder)
    async with serving(platform) as http, opened(http, max_queue=1) as client:
        await client.init()
        client.socket.transport.pause_reading()
        client.socket.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        await asyncio.sleep(0)
        for n in range(60):
            await client.subscribe(document, str(n))
        await nothing_left()
        assert (await http.get("/healthz")).status_code == 200
        _, port = client.socket.local_address[:2]
        async with asyncio.timeout(WAIT_S):
            while port in await asyncio.to_thread(remote_ports, http.base_url.port):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.2)
        client.socket.transport.abort()


def remote_ports(port: int | None) -> set[int]:
    """Whose connections the server on this port, in this process, still holds."""
    held = psutil.Process().net_connections("tcp")
    return {one.raddr.port for one in held if one.laddr.port == port and one.raddr}


async def test_rule_15_without_a_database(unused_tcp_port: int, rules: IdentityRules) -> None:
    there = Connection(f"bolt://127.0.0.1:{unused_tcp_port}", "neo4j", "secret")
    driver = AsyncGraphDatabase.driver(there.uri, auth=(there.user, there.password), max_transaction_retry_time=0.1)
    gone = Store(driver, there)
    async with serving(Platform(Settings(), gone, Recorder(gone, rules))) as http, opened(http) as client:
        await client.send("connection_init")
        code, reason = await client.closed()
        assert (code, str(unused_tcp_port) in (reason or "")) == (1013, False)
    await gone.close()


async def test_each_socket_has_a_line_in_the_log(caller: Caller) -> None:
    with capture_logs() as logs:
        async with opened(caller.http) as client:
            await client.init({"authorization": None, "secret": "s3cret"})
            await client.ask(NAME)
        await nothing_left()
    (line,) = [line for line in logs if line["event"] == "socket"]
    assert (line["code"], line["principal"], line["operations"]) == (1000, "owner", 1)
    assert "s3cret" not in str(logs)


async def test_a_plain_get_is_no_socket(caller: Caller) -> None:
    assert address(caller.http).startswith("ws://")
    assert (await caller.http.get("/graphql")).status_code == 400
