"""docs/segments.md, rules 11, 12, 13 and 21: what is kept of the past, builds that are stopped, and the daily check."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.predicates import parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.read.jobs import job_of_segment, jobs_by_ids
from graphcdp.read.segments import member_page, member_pages, past_sizes, were_in
from graphcdp.record import segment_builds, segment_edits
from graphcdp.record.background import follow_job, run_job
from graphcdp.record.erase import erase_customer
from graphcdp.record.jobs import JobState, JobStatus
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import create_segment
from graphcdp.record.segment_upkeep import check, seconds_until
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.record.clock import Clock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRO = {"trait": {"path": "plan", "is": {"eq": "pro"}}}


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def recorder(store: Store, rules: IdentityRules, clock: Clock) -> Recorder:
    return Recorder(store, rules, clock=clock)


async def create(store: Store, key: str, given: dict[str, Any]) -> str:
    return await create_segment(store, key, key, None, parse_predicate(given), START)


async def states(recorder: Recorder, plan: str, *who: tuple[str, str]) -> None:
    await recorder.record([{"type": "identify", "identifiers": list(who), "traits": {"plan": plan}}])


async def ids_of(store: Store) -> dict[str, str]:
    rows = await store.read_generated(
        Statement("MATCH (i:Identifier)-[:IDENTIFIES]->(c:Customer) RETURN i.value AS who, c.id AS id")
    )
    return {row["who"]: row["id"] for row in rows}


async def members_at(store: Store, segment: str, at: datetime) -> list[str]:
    page = member_page(first=10, after=None, last=None, before=None)
    (found,) = await member_pages(store, [segment], page, at)
    assert await past_sizes(store, [segment], at) == [len(found.items)]
    who = {customer: name for name, customer in (await ids_of(store)).items()}
    return sorted(who[one.customer_id] for one in found.items)


async def test_rule_11_who_was_in_at_a_past_time(store: Store, recorder: Recorder, clock: Clock) -> None:
    made = await create(store, "pro", PRO)
    for plan in ("pro", "free", "pro"):
        await states(recorder, plan, ("user", "ann"))
        clock.now += HOUR
    await states(recorder, "pro", ("user", "bob"))
    assert [await members_at(store, made, START + n * HOUR) for n in range(-1, 5)] == [
        *([], ["ann"], [], ["ann"]),
        *(["ann", "bob"], ["ann", "bob"]),
    ]
    ann = (await ids_of(store))["ann"]
    assert [await were_in(store, [ann], "pro", START + n * HOUR / 2) for n in range(5)] == [[True]] * 2 + [
        [False]
    ] * 2 + [[True]]
    assert await were_in(store, [ann], "unknown", START) == [False]
    await erase_customer(store, ann)
    assert await members_at(store, made, START) == []


@pytest.mark.parametrize("events", [0, 30])
async def test_rule_12_the_past_of_both_is_of_who_remains(
    store: Store, recorder: Recorder, clock: Clock, events: int
) -> None:
    made = await create(store, "free", {"trait": {"path": "plan", "is": {"eq": "free"}}})
    await states(recorder, "pro", ("user", "ann"))
    clock.now += HOUR
    await states(recorder, "free", ("device", "d1"))
    # Of two customers the bigger one's node lives on.
    await recorder.record([{"name": "Visit", "identifiers": [("device", "d1")]} for _ in range(events)])
    clock.now += HOUR
    await states(recorder, "pro", ("user", "ann"), ("device", "d1"))
    found = [
        were[0]
        for n in range(4)
        for were in [await were_in(store, [(await ids_of(store))["ann"]], "free", START + n * HOUR)]
    ]
    assert found == [False, True, False, False]
    assert await past_sizes(store, [made], START + HOUR) == [1]
    rows = await store.read_generated(
        Statement("MATCH (m:MergedCustomer)-[w:WAS_IN|DUE|IN_SEGMENT]->() RETURN count(w) AS n")
    )
    assert rows == [{"n": 0}]


async def test_only_so_many_stays_are_kept(
    store: Store, recorder: Recorder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphcdp.record import segments

    monkeypatch.setattr(segments, "STAYS_KEPT_MAX", 2)
    await create(store, "pro", PRO)
    for _ in range(4):
        for plan in ("pro", "free"):
            await states(recorder, plan, ("user", "ann"))
            clock.now += HOUR
    rows = await store.read_generated(Statement("MATCH ()-[w:WAS_IN]->() RETURN w.since AS since ORDER BY since"))
    assert [row["since"] for row in rows] == [START + 4 * HOUR, START + 6 * HOUR]


@pytest.mark.parametrize(
    ("size", "took_s", "expected"),
    [(1000, 0.1, 1000), (1000, 0.2, 500), (1000, 10.0, 500), (1000, 0.0, 2000), (8000, 0.05, 10_000)],
)
def test_a_page_of_a_build_locks_for_about_a_tenth_of_a_second(size: int, took_s: float, expected: int) -> None:
    assert segment_builds.next_size(size, took_s) == expected


async def test_a_build_that_is_stopped_anywhere_goes_on_and_tells_how_far_it_is(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_builds, "PAGE", 2)
    monkeypatch.setattr(segment_edits, "FILL_BUDGET_S", -1.0)
    for number in range(9):
        await states(recorder, "pro" if number % 2 else "free", ("user", f"u{number}"))
    made = await create(store, "pro", PRO)
    job = await job_of_segment(store, made)
    assert job is not None
    told: list[int] = []
    for _ in range(3):

        def stop(state: JobState) -> None:
            told.append(state.done)
            if len(told) % 2 == 0:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await run_job(store, job, on_progress=stop)
    assert told == [0, 2, 2, 4, 4, 6]
    (row,) = await store.read("segment/by_keys", keys=["pro"])
    assert row["status"] == "BUILDING"
    state = await follow_job(store, job)
    assert state is not None
    assert (state.status, state.done, state.total) == (JobStatus.SUCCEEDED, 9, 9)
    (row,) = await store.read("segment/by_keys", keys=["pro"])
    assert row["status"] == "LIVE"
    assert await past_sizes(store, [made], datetime.now(UTC)) == [4]
    assert await job_of_segment(store, made) is None


async def test_a_build_of_an_edited_rule_gives_way(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_edits, "FILL_BUDGET_S", -1.0)
    made = await create(store, "pro", PRO)
    job = await job_of_segment(store, made)
    assert job is not None
    await store.transact(lambda tx: tx.run("segment/update", id=made, properties={"version": 2}, now=START))
    await run_job(store, job)
    (row,) = await jobs_by_ids(store, [job])
    assert row is not None
    assert (row.status, row.failure) == ("FAILED", segment_builds.SUPERSEDED)


async def test_rule_21_a_check_reports_and_mends_what_is_broken(store: Store, recorder: Recorder) -> None:
    made = await create(store, "pro", PRO)
    await create(store, "others", {"not": {"inSegment": {"key": "pro"}}})
    for number in range(6):
        await states(recorder, "pro" if number < 3 else "free", ("user", f"u{number}"))
    assert [(one.key, one.missing, one.extra) for one in await check(store, START)] == [
        ("pro", (), ()),
        ("others", (), ()),
    ]
    ids = await ids_of(store)
    breaks = """MATCH (s:Segment {key: 'pro'})
    MATCH (:Customer {id: $out})-[m:IN_SEGMENT]->(s) DELETE m
    WITH s MATCH (c:Customer {id: $in}) CREATE (c)-[:IN_SEGMENT {since: $now}]->(s)"""
    given = {"out": ids["u1"], "in": ids["u4"], "now": START}
    await store.transact(lambda tx: tx.run_generated(Statement(breaks, given)))
    first, second = await check(store, START + HOUR)
    assert (first.key, first.missing, first.extra) == ("pro", (ids["u1"],), (ids["u4"],))
    assert (second.key, second.missing, second.extra) == ("others", (), ())
    assert await check(store, START + 2 * HOUR, fresh=12 * HOUR) == []
    assert [(one.missing, one.extra) for one in await check(store, START + 3 * HOUR)] == [((), ())] * 2
    rows = await store.read_generated(Statement("MATCH (c)-[:IN_SEGMENT]->(:Segment {key: 'pro'}) RETURN c.id AS id"))
    assert {row["id"] for row in rows} == {ids["u0"], ids["u1"], ids["u2"]}
    assert made


def test_when_the_hour_begins_next() -> None:
    assert seconds_until(3, START) == 15 * 3600
    assert seconds_until(12, START) == 24 * 3600
