"""docs/segments.md, rules 9 to 12: customers enter and leave as messages arrive, and as time passes."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.predicates import Predicate, SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.plan.members import Asked, differing, moves
from graphcdp.plan.moments import moment_of_row
from graphcdp.plan.where import condition, condition_of_row
from graphcdp.record import segment_builds, segments
from graphcdp.record.background import KINDS
from graphcdp.record.jobs import run_unfinished
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import Changes, create_segment, update_segment
from graphcdp.record.segment_moments import run_due
from graphcdp.record.segment_upkeep import sweep
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.record.clock import Clock

START = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def recorder(store: Store, rules: IdentityRules, clock: Clock) -> Recorder:
    return Recorder(store, rules, clock=clock)


def rule(**given: Any) -> Predicate:
    return parse_predicate(given)


def orders(least: int, **during: Any) -> dict[str, Any]:
    return {"event": {"name": "Order Completed"}, "during": during, "times": {"atLeast": least}}


async def create(store: Store, key: str, **given: Any) -> str:
    return await create_segment(store, key, key, None, rule(**given), START)


async def ordered(recorder: Recorder, who: str, message_id: str, at: datetime = START) -> None:
    message = {"type": "track", "id": message_id, "name": "Order Completed", "identifiers": [("user", who)], "at": at}
    (outcome,) = await recorder.record([message])
    assert outcome.status == "RECORDED"


async def states(recorder: Recorder, who: str, **traits: Any) -> None:
    await recorder.record([{"type": "identify", "identifiers": [("user", who)], "traits": traits}])


MEMBERS = """MATCH (s:Segment {key: $key})<-[m:IN_SEGMENT]-(c:Customer)<-[:IDENTIFIES]-(i:Identifier)
WHERE i.kind = 'user' RETURN i.value AS who, m.since AS since ORDER BY who"""


async def members(store: Store, key: str) -> list[str]:
    return [row["who"] for row in await store.read_generated(Statement(MEMBERS, {"key": key}))]


async def status(store: Store, key: str) -> str:
    rows = await store.read("segment/by_keys", keys=[key])
    return str(rows[0]["status"])


async def test_enters_with_the_event_that_makes_it_true(store: Store, recorder: Recorder) -> None:
    await create(store, "loyal", did=orders(2))
    await ordered(recorder, "ann", "m1")
    await ordered(recorder, "bob", "m2")
    assert await members(store, "loyal") == []
    await ordered(recorder, "ann", "m3")
    assert await members(store, "loyal") == ["ann"]


async def test_leaves_with_the_trait_that_makes_it_false(store: Store, recorder: Recorder) -> None:
    await create(store, "pro", trait={"path": "plan", "is": {"eq": "pro"}})
    await states(recorder, "ann", plan="pro")
    assert await members(store, "pro") == ["ann"]
    await states(recorder, "ann", plan="free")
    assert await members(store, "pro") == []


async def test_stays_since_when_it_entered(store: Store, recorder: Recorder, clock: Clock) -> None:
    await create(store, "buyers", did=orders(1))
    await ordered(recorder, "ann", "m1")
    clock.now = START + timedelta(hours=1)
    await ordered(recorder, "ann", "m2")
    (row,) = await store.read_generated(Statement(MEMBERS, {"key": "buyers"}))
    assert row["since"] == START


async def test_a_new_segment_takes_in_those_who_are_there(store: Store, recorder: Recorder) -> None:
    for number in range(5):
        await ordered(recorder, f"user{number}", f"m{number}")
    await create(store, "buyers", did=orders(1))
    assert await members(store, "buyers") == [f"user{number}" for number in range(5)]
    assert await status(store, "buyers") == "LIVE"


async def test_more_customers_than_one_page(store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_builds, "PAGE", 3)
    for number in range(8):
        await states(recorder, f"user{number}", even=number % 2 == 0)
    await create(store, "odd", trait={"path": "even", "is": {"eq": False}})
    assert await members(store, "odd") == ["user1", "user3", "user5", "user7"]


async def test_a_rule_about_another_segment_follows_in_the_same_write(store: Store, recorder: Recorder) -> None:
    await create(store, "z_buyers", did=orders(1))
    await create(store, "a_others", **{"not": {"inSegment": {"key": "z_buyers"}}})
    await states(recorder, "ann", plan="pro")
    assert await members(store, "a_others") == ["ann"]
    await ordered(recorder, "ann", "m1")
    assert await members(store, "z_buyers") == ["ann"]
    assert await members(store, "a_others") == []


async def test_an_edited_rule_moves_members_of_segments_that_name_it(store: Store, recorder: Recorder) -> None:
    await create(store, "chosen", trait={"path": "plan", "is": {"eq": "pro"}})
    await create(store, "others", **{"not": {"inSegment": {"key": "chosen"}}})
    await states(recorder, "ann", plan="pro")
    await states(recorder, "bob", plan="free")
    new_rule = rule(trait={"path": "plan", "is": {"eq": "free"}})
    await update_segment(store, SegmentName(key="chosen"), 1, Changes(rule=new_rule), START)
    assert await members(store, "chosen") == ["bob"]
    assert await members(store, "others") == ["ann"]


async def test_a_paused_segment_keeps_its_members_until_it_goes_on(store: Store, recorder: Recorder) -> None:
    await create(store, "buyers", did=orders(1))
    await ordered(recorder, "ann", "m1")
    await update_segment(store, SegmentName(key="buyers"), 1, Changes(paused=True), START)
    await ordered(recorder, "bob", "m2")
    await sweep(store, START)
    assert (await status(store, "buyers"), await members(store, "buyers")) == ("PAUSED", ["ann"])
    await update_segment(store, SegmentName(key="buyers"), 2, Changes(paused=False), START)
    assert (await status(store, "buyers"), await members(store, "buyers")) == ("LIVE", ["ann", "bob"])


async def test_customers_leave_and_enter_by_time_alone(store: Store, recorder: Recorder) -> None:
    await create(store, "active", did=orders(1, within="P30D"))
    await create(store, "lapsed", **{"not": {"inSegment": {"key": "active"}}})
    await create(store, "due", trait={"path": "renewed", "is": {"before": "P1Y"}})
    await ordered(recorder, "ann", "m1", START)
    await states(recorder, "ann", renewed="2025-04-01T00:00:00Z")
    assert [await members(store, key) for key in ("active", "lapsed", "due")] == [["ann"], [], []]
    await run_due(store, START + timedelta(days=29, hours=23))
    assert [await members(store, key) for key in ("active", "lapsed", "due")] == [["ann"], [], ["ann"]]
    await run_due(store, START + timedelta(days=30, seconds=1))
    assert [await members(store, key) for key in ("active", "lapsed", "due")] == [[], ["ann"], ["ann"]]


async def test_a_merge_gives_the_survivor_what_both_did(store: Store, recorder: Recorder) -> None:
    await create(store, "loyal", did=orders(2))
    for message_id, identifiers in (("m1", [("user", "ann")]), ("m2", [("device", "d1")])):
        message: dict[str, Any] = {"id": message_id, "name": "Order Completed", "identifiers": identifiers}
        await recorder.record([message])
    assert await members(store, "loyal") == []
    (outcome,) = await recorder.record([{"type": "alias", "identifiers": [("user", "ann"), ("device", "d1")]}])
    assert outcome.absorbed
    assert await members(store, "loyal") == ["ann"]
    rows = await store.read_generated(Statement("MATCH (m:MergedCustomer)-[:IN_SEGMENT]->() RETURN count(*) AS n"))
    assert rows[0]["n"] == 0


async def test_a_first_computation_that_broke_off_is_ended_by_the_sweep(store: Store, recorder: Recorder) -> None:
    await ordered(recorder, "ann", "m1")
    segment_id = await create(store, "buyers", did=orders(1))
    await store.transact(
        lambda tx: tx.run_generated(
            Statement("MATCH (s:Segment {id: $id})<-[m]-() SET s.status = 'BUILDING' DELETE m", {"id": segment_id})
        )
    )
    await ordered(recorder, "bob", "m2")
    assert await members(store, "buyers") == ["bob"], "a segment that is being built follows writes already"
    await sweep(store, START + timedelta(days=1))
    await run_unfinished(store, KINDS)
    assert (await status(store, "buyers"), await members(store, "buyers")) == ("LIVE", ["ann", "bob"])


async def test_a_rule_of_a_newer_version_does_not_stop_the_recorder(store: Store, recorder: Recorder) -> None:
    await create(store, "buyers", did=orders(1))
    newer = "CREATE (:Segment {id: 'seg_0', key: 'newer', rule: '{\"predicted\": {}}', status: 'LIVE', version: 1})"
    await store.transact(lambda tx: tx.run_generated(Statement(newer)))
    await ordered(recorder, "ann", "m1")
    assert await members(store, "buyers") == ["ann"]


async def test_without_segments_a_refresh_is_one_read(store: Store, recorder: Recorder) -> None:
    await ordered(recorder, "ann", "m1")
    rows = await store.read_generated(Statement("MATCH (c:Customer) RETURN c.id AS id"))
    before = store.statements_run
    await store.transact(lambda tx: segments.refresh(tx, [row["id"] for row in rows], START))
    assert store.statements_run - before == 1


async def test_writers_and_an_edit_at_once_end_in_what_the_rule_says(store: Store, rules: IdentityRules) -> None:
    recorders = [Recorder(store, rules) for _ in range(4)]

    async def write(place: int) -> None:
        for number in range(15):
            who = f"user{(place * 7 + number) % 12}"
            await recorders[place].record([{"name": "Order Completed", "identifiers": [("user", who)]}])

    async def edit() -> None:
        await create(store, "loyal", did=orders(4))
        new_rule = rule(did=orders(5))
        await update_segment(store, SegmentName(key="loyal"), 1, Changes(rule=new_rule), START)

    await asyncio.gather(*(write(place) for place in range(4)), edit())
    await sweep(store, START)
    counted = """MATCH (i:Identifier)-[:IDENTIFIES]->(:Customer)
    WITH i.value AS who, COUNT { (e:Event) WHERE e.subject = i.key } AS orders WHERE orders >= 5
    RETURN who ORDER BY who"""
    expected = [row["who"] for row in await store.read_generated(Statement(counted))]
    assert expected
    assert await members(store, "loyal") == expected


LIVE_RULES: dict[str, dict[str, Any]] = {
    "pro": {"trait": {"path": "plan", "is": {"eq": "pro"}}},
    "buyers": {"did": orders(2)},
    "idle": {"not": {"did": {"event": {"name": "Click"}}}},
    "mail": {"hasIdentifier": "email"},
    "lately": {"lastSeen": {"since": "2026-03-10T00:00:00Z"}},
    "pro_buyers": {"all": [{"inSegment": {"key": "pro"}}, {"inSegment": {"key": "buyers"}}]},
    "not_pro": {"not": {"inSegment": {"key": "pro"}}},
}


@pytest.mark.parametrize("seed", range(3))
async def test_rule_9_what_is_kept_up_to_date_is_what_would_be_computed(
    store: Store, recorder: Recorder, seed: int
) -> None:
    chance = random.Random(seed)
    for key, given in LIVE_RULES.items():
        await create(store, key, **given)
    await sweep(store, START)
    for batch in range(12):
        await recorder.record([_any_message(chance, f"{batch}-{n}") for n in range(chance.randrange(1, 5))])
        for key, given in LIVE_RULES.items():
            (row,) = await store.read("segment/by_keys", keys=[key])
            differ = differing(condition(parse_predicate(given), START), row["id"], after="", limit=1000)
            assert [found["ids"] for found in await store.read_generated(differ)] == [[]], f"{key} after {batch}"


def _any_message(chance: random.Random, message_id: str) -> dict[str, Any]:
    who = [("user", f"u{chance.randrange(4)}"), ("device", f"d{chance.randrange(6)}")]
    if chance.random() < 0.2:
        who.append(("email", f"e{chance.randrange(3)}@x.org"))
    message: dict[str, Any] = {
        "id": message_id,
        "identifiers": chance.sample(who, chance.randrange(1, len(who) + 1)),
        "at": START - timedelta(days=chance.randrange(40)),
    }
    if chance.random() < 0.4:
        return {**message, "type": "identify", "traits": {"plan": chance.choice(["pro", "free", None])}}
    return {**message, "name": chance.choice(["Order Completed", "Click", "Other"])}


async def test_a_write_reads_nothing_of_others(store: Store, recorder: Recorder, profiled: Any) -> None:
    for number in range(50):
        await ordered(recorder, f"u{number}", f"m{number}")
    (found,) = await store.read_generated(Statement("MATCH (c:Customer) RETURN min(c.id) AS id"))
    for given in ({"did": orders(2, within="P30D")}, {"not": {"did": orders(1)}}, {"did": {"event": {"name": "*"}}}):
        row = condition_of_row(rule(**given), START)
        at = moment_of_row(rule(**given), START)
        (statement,) = moves([Asked("seg_none", row, [found["id"]], at)], START)
        plan = await profiled(statement)
        assert sum(hits for *_, hits in plan) < (30 if at is None else 50), plan
