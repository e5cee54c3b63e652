"""No N+1: an operation runs a number of statements that its shape decides, not the size of its answer."""

import pytest

from graphcdp.api.context import Context
from graphcdp.api.schema import schema
from graphcdp.model.principals import OWNER
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from tests.api.conftest import Caller, event, record

DOCUMENTS = {
    "customers": """query { customers(first: 30) { nodes { id displayName email phone mergedIds
        traits { json } eventCount { value precision }
        visits: eventCount(filter: {names: ["Visit"], during: {within: "P9Y"}}) { value }
        events(first: 5) { nodes { id customer { id displayName } identifiers { kind value customer { id } } } }
        recent: events(last: 2, filter: {during: {within: "P9Y"}}) { nodes { id } }
        identifiers(first: 4) { totalCount { value } nodes { kind value customer { id }
          links(first: 4) { edges { other { value customer { id } }
            node { event { id } from { value } to { value } } } } } }
        segments { totalCount { value } nodes { key } } inSegment(key: "all")
        matches(where: {did: {event: {name: "Visit"}, times: {atLeast: 2}}})
        devices(first: 4) { totalCount { value } nodes { deviceId customer { id } } } } totalCount { value } } }""",
    "search": """query { customers(search: "visitor", first: 100) { totalCount { value } nodes { displayName
        events(first: 1) { nodes { name } } } } }""",
}


async def people(caller: Caller, start: int, stop: int) -> None:
    for who in range(start, stop):
        by = [{"userId": f"u{who}"}, {"email": f"p{who}@example.com"}, {"deviceId": f"d{who}"}]
        await record(
            caller,
            *(event(f"e{who}-{n}", by=by[: n + 1], traits={"name": f"Visitor {who}"} if n else None) for n in range(3)),
        )


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_more_customers_run_no_more_statements(caller: Caller, recorder: Recorder, name: str) -> None:
    async def by_resolvers() -> int:
        before = caller.store.statements_run
        context = Context(store=caller.store, recorder=recorder, settings=Settings(query_timeout_s=30), principal=OWNER)
        assert not (await schema.execute(DOCUMENTS[name], context_value=context)).errors
        return caller.store.statements_run - before

    await people(caller, 0, 2)
    few = await by_resolvers()
    await people(caller, 2, 25)
    # Which statement answers first decides how a few loads further down are gathered.
    assert await by_resolvers() <= few + 3
    assert few <= 24
    assert await caller.statements(DOCUMENTS[name]) == 1


async def test_a_batch_reads_its_events_at_once(caller: Caller) -> None:
    document = """mutation($events: [EventInput!]!) { recordEvents(input: {events: $events}) { results {
        event { id identifiers { value } customer { id displayName } } customer { email eventCount { value } } } } }"""
    few = await caller.statements(document, events=[event(f"a{n}", by=[{"userId": f"u{n}"}]) for n in range(2)])
    many = await caller.statements(document, events=[event(f"b{n}", by=[{"userId": f"u{n}"}]) for n in range(60)])
    assert many <= few + 2  # writing to known and to new customers differs by a statement or two


async def test_many_nodes_are_read_at_once(caller: Caller) -> None:
    await people(caller, 0, 20)
    found = await caller.ask("{ customers(first: 20) { nodes { id identifiers { nodes { id } } } } }")
    ids = [one["id"] for one in found["customers"]["nodes"]]
    ids += [one["id"] for customer in found["customers"]["nodes"] for one in customer["identifiers"]["nodes"]]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await caller.statements(document, ids=ids[:100]) == 1
