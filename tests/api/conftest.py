"""A real HTTP server on a real Neo4j, and a caller."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from graphcdp.api.http import build_app
from graphcdp.api.server import Server
from graphcdp.app import Platform
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store

Json = dict[str, Any]


@asynccontextmanager
async def serving(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server on a free port, which ends with the block."""
    server = Server(build_app(platform), host="127.0.0.1", port=0, lifespan="off")
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # the server offers no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        await running


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks GraphQL over HTTP."""

    http: httpx.AsyncClient
    store: Store

    async def answer(self, document: str, **variables: Any) -> Json:
        """The whole answer, errors included."""
        # Escaped, so that half of a character pair can be sent as well.
        body = json.dumps({"query": document, "variables": variables})
        response = await self.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def ask(self, document: str, **variables: Any) -> Json:
        """The data of an answer that has no errors."""
        answer = await self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data

    async def failure(self, document: str, **variables: Any) -> Json:
        """The only error of an answer."""
        (error,) = (await self.answer(document, **variables))["errors"]
        found: Json = error
        return found

    async def statements(self, document: str, **variables: Any) -> int:
        """How many statements an operation runs."""
        before = self.store.statements_run
        await self.ask(document, **variables)
        return self.store.statements_run - before


@pytest.fixture
def settings() -> Settings:
    """Settings whatever the environment says, apart from where the embedded database's files are."""
    # Keys are read at the first request only, so that the statements of later ones can be counted.
    return Settings(query_timeout_s=30, keys_fresh_s=600)


@pytest.fixture
async def caller(store: Store, recorder: Recorder, settings: Settings) -> AsyncIterator[Caller]:
    """A caller of a server on the emptied graph."""
    async with serving(Platform(settings, store, recorder)) as client:
        yield Caller(client, store)


def event(event_id: str, *, name: str = "Visit", at: str = "2026-01-01T10:00:00Z", **more: Any) -> Json:
    """An EventInput; `by` are the identifiers."""
    identifiers = more.pop("by", [{"userId": "u1"}])
    return {"eventId": event_id, "name": name, "at": at, "identifiers": identifiers, **more}


RECORD = """mutation Record($events: [EventInput!]!) {
  recordEvents(input: {events: $events}) {
    recorded duplicates rejected
    results {
      eventId status
      errors { __typename code message path ... on LimitError { limit actual } ... on InvalidInputError { expected } }
      warnings { code message path identifier { kind value } }
    }
    errors { __typename code message path ... on LimitError { limit actual } }
  }
}"""


async def record(caller: Caller, *events: Json) -> Json:
    """What became of these events."""
    found: Json = (await caller.ask(RECORD, events=list(events)))["recordEvents"]
    return found
