"""The Python client `gql` gets what it asks for: queries and mutations over HTTP, a subscription over a WebSocket."""

from collections.abc import AsyncIterator

import pytest
from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from graphql import GraphQLError
from websockets.exceptions import ConnectionClosed

from graphcdp.app import Platform
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import serving
from tests.api.live import FOLLOW, nothing_left, set_job

RECORD = """mutation Record($input: EventInput!) {
      recordEvent(input: $input) { status customer { displayName } errors { code } } }"""
LIST = "query($n: Int!) { customers(first: $n) { nodes { id } } }"
CUSTOMER = """query One($by: CustomerRef!) {
      customer(by: $by) { displayName events(first: 5) { nodes { name properties { json } } } } }"""


@pytest.fixture
async def address(store: Store, recorder: Recorder) -> AsyncIterator[str]:
    """Where a server listens that asks for keys."""
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        yield str(http.base_url.join("/graphql"))


@pytest.fixture
async def key(store: Store) -> str:
    """A key that may do everything."""
    _, text = await create_key(store, "gql", ["admin", "pii"], utc_now())
    return text


@pytest.fixture
async def session(address: str, key: str) -> AsyncIterator[AsyncClientSession]:
    """A session over HTTP that knows the schema from the server itself, and checks documents by it."""
    transport = AIOHTTPTransport(address, headers={"Authorization": f"Bearer {key}"})
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        yield session


async def test_what_is_recorded_is_read(session: AsyncClientSession) -> None:
    given = {"eventId": "e1", "name": "Visit", "identifiers": [{"userId": "u1"}], "properties": {"path": "/"}}
    told = await session.execute(GraphQLRequest(RECORD, variable_values={"input": given}))
    assert told == {"recordEvent": {"status": "RECORDED", "customer": {"displayName": "u1"}, "errors": []}}
    found = await session.execute(GraphQLRequest(CUSTOMER, variable_values={"by": {"userId": "u1"}}))
    assert found["customer"]["displayName"] == "u1"
    assert found["customer"]["events"]["nodes"] == [{"name": "Visit", "properties": {"json": {"path": "/"}}}]


async def test_what_is_wrong_is_told(session: AsyncClientSession, address: str) -> None:
    with pytest.raises(GraphQLError, match="nothing"):
        await session.execute(GraphQLRequest("{ nothing }"))
    with pytest.raises(TransportQueryError) as refused:
        await session.execute(GraphQLRequest(LIST, variable_values={"n": 0}))
    assert refused.value.errors is not None
    assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
    bad = AIOHTTPTransport(address, headers={"Authorization": "Bearer gcdp_nothing"})
    with pytest.raises(TransportQueryError, match="no such key"):
        async with Client(transport=bad) as stranger:
            await stranger.execute(GraphQLRequest("{ __typename }"))


async def test_a_job_is_followed_to_its_end(address: str, key: str, store: Store) -> None:
    await set_job(store, done=1)
    transport = WebsocketsTransport(
        address.replace("http", "ws", 1),
        init_payload={"authorization": f"Bearer {key}"},
        connect_args={"proxy": None},
    )
    seen = []
    async with Client(transport=transport) as session:
        async for told in session.subscribe(GraphQLRequest(FOLLOW, variable_values={"id": "job_a"})):
            seen.append(told["jobChanged"]["done"])
            await set_job(store, done=seen[-1] + 1, status="SUCCEEDED" if seen[-1] == 2 else "RUNNING")
        assert seen == [1, 2, 3]
        # The socket stays, and answers queries as well.
        assert await session.execute(GraphQLRequest("{ caller { kind } }")) == {"caller": {"kind": "KEY"}}
    await nothing_left()


async def test_a_socket_for_a_stranger_is_closed(address: str, key: str) -> None:
    transport = WebsocketsTransport(
        address.replace("http", "ws", 1),
        init_payload={"authorization": "Bearer gcdp_nothing"},
        connect_args={"proxy": None},
    )
    with pytest.raises(TransportConnectionFailed) as refused:
        async with Client(transport=transport):
            pass
    closed = refused.value.__cause__
    assert isinstance(closed, ConnectionClosed)
    assert closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason) == (4403, "This server has no such key.")
