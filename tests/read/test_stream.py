"""The stream of events of all customers, and evidence by id: exact pages, and plans that stay on their indexes."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.messages import RawMessage
from graphcdp.model.statement import Statement
from graphcdp.read.events import EventChoice, EventRow, stream
from graphcdp.read.identities import links_by_ids
from graphcdp.read.pages import Page
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store
from tests.read.test_events import where

START = datetime(2026, 1, 1, tzinfo=UTC)
EVER = {
    "low": datetime(1, 1, 1, tzinfo=UTC),
    "low_id": "",
    "high": datetime(9999, 1, 1, tzinfo=UTC),
    "high_id": "",
    "names": None,
    "sources": None,
    "limit": 21,
}


async def walked(store: Store, choice: EventChoice, *, newest_first: bool, forward: bool) -> list[EventRow]:
    """The whole stream, page by page, in the list's order."""
    events: list[EventRow] = []
    place = None
    while True:
        page = Page(7, forward, after=place if forward else None, before=None if forward else place)
        found = await stream(store, choice, page, newest_first)
        events = [*events, *found.items] if forward else [*found.items, *events]
        if not (found.has_next if forward else found.has_previous):
            return events
        edge = found.items[-1] if forward else found.items[0]
        place = (edge.at, edge.id)


async def test_every_page_of_the_stream_is_right(store: Store, recorder: Recorder) -> None:
    chance = random.Random(5)
    raws: list[RawMessage] = [
        {
            "id": f"{chance.random():.12f}",
            "name": chance.choice(["Visit", "Order"]),
            "at": START + timedelta(hours=chance.choice(range(9))),
            "identifiers": [("user", f"u{chance.randrange(12)}")],
            "source": chance.choice(["web", "shop"]),
            "properties": {"total": chance.randrange(10)},
        }
        for _ in range(90)
    ]
    await recorder.record(raws)
    since, until = START + timedelta(hours=2), START + timedelta(hours=7)
    for choice, fits in (
        (EventChoice(), lambda raw: True),
        (EventChoice(names=("Order",), sources=("web",)), lambda raw: (raw["name"], raw["source"]) == ("Order", "web")),
        (EventChoice(since=since, until=until), lambda raw: since <= raw["at"] < until),
        (EventChoice(names=()), lambda raw: False),
        (where({"path": "total", "is": {"lt": 5}}), lambda raw: raw["properties"]["total"] < 5),
        (replace(where({"path": "total", "is": {"exists": True}}), names=("Visit",), sources=("shop",), since=since),
         lambda raw: (raw["name"], raw["source"]) == ("Visit", "shop") and raw["at"] >= since),
    ):  # fmt: skip
        for newest_first in (True, False):
            expected = sorted(((raw["at"], raw["id"]) for raw in raws if fits(raw)), reverse=newest_first)
            for forward in (True, False):
                events = await walked(store, choice, newest_first=newest_first, forward=forward)
                assert [(event.at, event.id) for event in events] == expected


@pytest.fixture
async def many(store: Store) -> None:
    """2,000 events and as many pieces of evidence."""
    await store.transact(
        lambda tx: tx.run_generated(
            Statement(
                """CREATE (hub:Identifier {id: 'idn_hub', key: 'user:hub', kind: 'user', value: 'hub'})
                WITH hub UNWIND range(1000, 2999) AS n
                CREATE (:Event {id: 'e' + n, name: 'Visit', at: $at + duration({minutes: n}), receivedAt: $at,
                                subject: 'user:hub', source: 'web', json: '{}', context: '{}', identifiers: []})
                CREATE (:Identifier {id: 'idn_' + n, key: 'device:' + n, kind: 'device', value: '' + n})
                       -[:LINKED {id: 'lnk_' + n, count: 1, firstSeen: $at, lastSeen: $at}]->(hub)""",
                {"at": START},
            )
        ),
        timeout_s=60,
    )


@pytest.mark.parametrize("direction", ["newest", "oldest"])
async def test_a_page_costs_by_its_size(store: Store, profiled: Any, many: None, direction: str) -> None:
    half = START + timedelta(minutes=2000)
    deep = {"low": half} if direction == "oldest" else {"high": half}
    plan = await profiled(f"read/stream_{direction}", **{**EVER, **deep})
    (seek,) = [operator for operator in plan if operator[0].startswith("NodeIndexSeek")]
    assert "Event(at, id)" in seek[1]
    assert seek[2] <= 22, "the index gives order and start, so that only what is shown is read"
    assert not {"Sort", "Top", "PartialTop", "PartialSort"} & {name for name, *_ in plan}


async def test_evidence_is_found_by_its_id(store: Store, profiled: Any, many: None) -> None:
    plan = await profiled("read/links_by_ids", ids=["lnk_1500", "lnk_none"])
    (seek,) = [operator for operator in plan if "RelationshipIndexSeek" in operator[0]]
    assert seek[2] == 1
    link, none = await links_by_ids(store, ["lnk_1500", "lnk_none"])
    assert link is not None
    assert (link.from_key, link.to_key) == ("device:1500", "user:hub")
    assert none is None
