"""docs/segments.md, rule 10, with real servers: a window ends by itself, and also when nobody ran at its end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.store import Store
from tests.api.conftest import Json
from tests.api.feeds import following
from tests.api.test_feed_processes import served

CREATE = "mutation($input: CreateSegmentInput!) { createSegment(input: $input) { segment { status } } }"
RECORD = """mutation($at: DateTime, $who: String!) {
  recordEvents(input: {events: [{name: "Order", identifiers: [{userId: $who}], at: $at}]}) { results { status } } }"""
MOVES = """subscription($after: String) { changes(after: $after, kinds: [ENTERED, EXITED]) {
  cursor nodes { sequence kind } } }"""
SIZE = '{ segment(by: {key: "lately"}) { size { value } } }'
WINDOW = timedelta(seconds=60)


async def ask(http: httpx.AsyncClient, document: str, **variables: object) -> Json:
    answer = (await http.post("/graphql", json={"query": document, "variables": variables})).json()
    assert "errors" not in answer, answer
    found: Json = answer["data"]
    return found


async def ordered(http: httpx.AsyncClient, who: str, left: timedelta) -> None:
    """Record an order that drops out of the window when so much time is over."""
    at = datetime.now(UTC) - WINDOW + left
    (result,) = (await ask(http, RECORD, at=at.isoformat(), who=who))["recordEvents"]["results"]
    assert result["status"] == "RECORDED"


async def test_a_window_ends_by_itself(
    neo4j: EmbeddedNeo4j, store: Store, unused_tcp_port_factory: Callable[[], int]
) -> None:
    port = unused_tcp_port_factory()
    where = {"did": {"event": {"name": "Order"}, "during": {"within": "PT60S"}}}
    async with served(neo4j, port) as (_, http):
        await ask(http, CREATE, input={"key": "lately", "name": "Lately", "where": where})
        async with following(http, MOVES) as follower:
            await ordered(http, "ann", timedelta(seconds=2))
            await follower.until(2)
            assert follower.told() == ["ENTERED", "EXITED"]
            after = follower.after
        # The server is killed while the next one is in.
        await ordered(http, "bob", timedelta(seconds=6))
        assert await ask(http, SIZE) == {"segment": {"size": {"value": 1}}}
    async with served(neo4j, port) as (_, http), following(http, MOVES, after=after) as follower:
        await follower.until(2)
        assert follower.told() == ["ENTERED", "EXITED"]
        assert await ask(http, SIZE) == {"segment": {"size": {"value": 0}}}
