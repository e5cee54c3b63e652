"""A page of history: exact in both directions, whatever lies on one moment and on how many identifiers."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from graphcdp.model.messages import RawMessage
from graphcdp.model.predicates import PropertyTest, parse_event_conditions
from graphcdp.plan.where import event_condition
from graphcdp.read.customers import survivors
from graphcdp.read.events import EventChoice, EventRow, event_counts, histories
from graphcdp.read.pages import Page
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store
from tests.plan.meaning import has

START = datetime(2026, 1, 1, tzinfo=UTC)


async def recorded(recorder: Recorder, raws: Sequence[RawMessage]) -> str:
    """Record these events of one customer; her id."""
    outcomes = await recorder.record(raws)
    assert {outcome.status.value for outcome in outcomes} == {"RECORDED"}
    customer_id = outcomes[-1].customer_id
    assert customer_id is not None
    return customer_id


def visit(message_id: str, at: datetime, *, by: str = "user", who: str = "u1", **more: object) -> RawMessage:
    return {"id": message_id, "name": "Visit", "at": at, "identifiers": [(by, who)], **more}


async def walked(
    store: Store, customer_id: str, choice: EventChoice, *, size: int, newest_first: bool, forward: bool
) -> list[EventRow]:
    """The whole history, page by page, in the list's order."""
    events: list[EventRow] = []
    place = None
    while True:
        page = Page(size, forward, after=place if forward else None, before=None if forward else place)
        (found,) = await histories(store, [customer_id], choice, page, newest_first)
        events = [*events, *found.items] if forward else [*found.items, *events]
        assert (found.has_previous if forward else found.has_next) is (place is not None)
        if not (found.has_next if forward else found.has_previous):
            return events
        edge = found.items[-1] if forward else found.items[0]
        place = (edge.at, edge.id)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("forward", [True, False])
async def test_500_events_of_one_moment_are_each_on_one_page(
    store: Store, recorder: Recorder, newest_first: bool, forward: bool
) -> None:
    ids = [f"e{number:03}" for number in range(500)]
    random.Random(7).shuffle(ids)
    raws = [visit(message_id, START, who="u1") for message_id in ids]
    customer_id = await recorded(recorder, raws)
    events = await walked(store, customer_id, EventChoice(), size=37, newest_first=newest_first, forward=forward)
    assert [event.id for event in events] == sorted(ids, reverse=newest_first)


@pytest.mark.parametrize("seed", range(3))
async def test_every_page_of_any_history_is_right(store: Store, recorder: Recorder, seed: int) -> None:
    """Events of few moments on many identifiers: each choice and direction equals sorting all of them."""
    chance = random.Random(seed)
    devices = [f"d{number}" for number in range(18)]
    raws: list[RawMessage] = [
        {
            "id": f"{chance.random():.12f}",
            "name": chance.choice(["Visit", "Order", "Click"]),
            "at": START + timedelta(hours=chance.choice(range(30))),
            "identifiers": [("device", chance.choice(devices))],
            "source": chance.choice(["web", "shop"]),
            "properties": {"total": chance.choice([1, 5, 7.5, "5"]), "plan": chance.choice(["pro", "free", None])},
        }
        for _ in range(240)
    ]
    # Statements join the devices to one customer: no event of theirs moves the bounds of another's.
    raws += [{"id": f"join-{d}", "type": "alias", "identifiers": [("user", "u1"), ("device", d)]} for d in devices]
    customer_id = await recorded(recorder, raws)
    for choice in (
        EventChoice(),
        EventChoice(names=("Order",)),
        EventChoice(names=("Order", "Visit"), sources=("web",)),
        EventChoice(sources=("shop",)),
        EventChoice(since=START + timedelta(hours=5), until=START + timedelta(hours=20)),
        EventChoice(names=("Click",), since=START + timedelta(hours=10)),
        EventChoice(names=()),
        where({"path": "total", "is": {"gte": 5}}),
        where({"path": "total", "is": {"neq": 5}}, {"path": "plan", "is": {"in": ["pro"]}}),
        replace(where({"path": "plan", "is": {"exists": False}}), names=("Order", "Click"), sources=("web",)),
        replace(where({"path": "plan", "is": {"exists": True}}), since=START + timedelta(hours=9)),
    ):
        expected = sorted(raw["id"] for raw in raws if "name" in raw and _fits(raw, choice))
        (count,) = await event_counts(store, [customer_id], choice)
        assert count == len(expected)
        for newest_first in (True, False):
            for forward in (True, False):
                events = await walked(store, customer_id, choice, size=13, newest_first=newest_first, forward=forward)
                places = [(event.at, event.id) for event in events]
                assert places == sorted(places, reverse=newest_first)
                assert sorted(event.id for event in events) == expected


def _fits(raw: RawMessage, choice: EventChoice) -> bool:
    return (
        (choice.names is None or raw["name"] in choice.names)
        and (choice.sources is None or raw["source"] in choice.sources)
        and (choice.since is None or raw["at"] >= choice.since)
        and (choice.until is None or raw["at"] < choice.until)
        and all(has(test, raw["properties"], START) for test in _tests(choice))
    )


def where(*tests: dict[str, object]) -> EventChoice:
    """The choice of events that meet these conditions."""
    conditions = parse_event_conditions(list(tests))
    told = json.dumps(conditions.to_json())
    return EventChoice(where=event_condition(conditions.where, START), told=told)


def _tests(choice: EventChoice) -> Sequence[PropertyTest]:
    return parse_event_conditions(json.loads(choice.told)["where"]).where if choice.told else ()


async def test_histories_of_many_customers_are_kept_apart(store: Store, recorder: Recorder) -> None:
    raws = [
        visit(f"{who}-{number}", START + timedelta(hours=number), who=who)
        for who in ("u1", "u2", "u3")
        for number in range(5)
    ]
    outcomes = await recorder.record(raws)
    ids = list(dict.fromkeys(outcome.customer_id or "" for outcome in outcomes))
    before = store.statements_run
    found = await histories(store, [*ids, "cus_nobody"], EventChoice(), Page(size=2), True)
    assert store.statements_run == before + 1
    assert [[event.id for event in page.items] for page in found] == [
        ["u1-4", "u1-3"],
        ["u2-4", "u2-3"],
        ["u3-4", "u3-3"],
        [],
    ]


async def test_a_merge_brings_the_histories_together(store: Store, recorder: Recorder) -> None:
    outcomes = await recorder.record(
        [
            visit("m1", START, by="anonymous", who="a1"),
            visit("m2", START + timedelta(hours=1), who="u1"),
            {**visit("m3", START + timedelta(hours=2)), "identifiers": [("anonymous", "a1"), ("user", "u1")]},
        ]
    )
    survivor = outcomes[2].customer_id
    assert survivor is not None
    (page,) = await histories(store, [survivor], EventChoice(), Page(), False)
    assert [event.id for event in page.items] == ["m1", "m2", "m3"]
    assert await survivors(store, [outcomes[0].customer_id or "", "cus_nobody"]) == [survivor, None]
