"""What jobs of all kinds share; what a resolution does is in test_resolution.py."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.api.context import Context
from graphcdp.api.schema import executor
from graphcdp.model.principals import OWNER
from graphcdp.read.jobs import jobs_by_ids
from graphcdp.record import jobs
from graphcdp.record.jobs import Begin, JobKind, JobState, JobStatus, Work, queue_job, run_job
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store, Transaction

NOW = datetime(2026, 6, 1, tzinfo=UTC)


async def queued(store: Store, kind: JobKind = JobKind.DISCOVERY, **request: Any) -> str:
    return await store.transact(lambda tx: queue_job(tx, kind, NOW, request=request))


def counting(to: int, ahead: Any = None) -> Begin:
    """A kind of job that counts, and tells how far it came."""

    async def total(tx: Transaction) -> int:
        return to

    async def page(tx: Transaction, state: JobState, now: datetime, found: Any) -> JobState:
        done = state.done + 1
        state = replace(state, cursor=str(done), done=done, result={"reached": done, "found": found})
        return state.ended() if done == to else state

    async def begin(store: Store, state: JobState) -> Work:
        return Work(total, page, ahead)

    return begin


async def test_a_job_keeps_what_was_asked_for_and_what_it_brought(store: Store) -> None:
    job = await queued(store, where="here")

    async def ahead(store: Store, state: JobState) -> str:
        return f"{state.request['where']} {state.cursor}"

    state = await run_job(store, job, {JobKind.DISCOVERY: counting(3, ahead)})
    assert state is not None
    assert (state.status, state.done, state.total) == (JobStatus.SUCCEEDED, 3, 3)
    (row,) = await jobs_by_ids(store, [job])
    assert row is not None
    assert (row.status, row.request) == ("SUCCEEDED", '{"where":"here"}')
    assert row.result == '{"reached":3,"found":"here 2"}'


async def test_a_job_of_a_kind_that_the_process_does_not_know_is_left_alone(store: Store) -> None:
    job = await queued(store)
    state = await run_job(store, job, {JobKind.SEGMENT: counting(1)})
    assert state is not None
    assert (state.status, state.done, state.mine) == (JobStatus.QUEUED, 0, False)


async def test_a_job_whose_object_is_gone_fails(store: Store) -> None:
    job = await queued(store)

    async def begin(store: Store, state: JobState) -> None:
        return None

    await run_job(store, job, {JobKind.DISCOVERY: begin})
    (row,) = await jobs_by_ids(store, [job])
    assert row is not None
    assert (row.status, row.finished is not None) == ("FAILED", True)
    assert row.failure == "What it was to work on is no longer there."


async def test_nobody_else_takes_a_job_that_thinks_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RENEWED_S", 0.01)
    job = await queued(store)
    thinks, go_on = asyncio.Event(), asyncio.Event()
    late = NOW + jobs.LEASE + timedelta(seconds=1)
    now = NOW

    async def ahead(store: Store, state: JobState) -> None:
        nonlocal now
        now = late
        thinks.set()
        await go_on.wait()

    kinds = {JobKind.DISCOVERY: counting(1, ahead)}
    running = asyncio.create_task(run_job(store, job, kinds, clock=lambda: now))
    await thinks.wait()
    while True:
        # Until the lease that was taken at NOW has been renewed.
        row = (await store.transact(lambda tx: tx.run("job/lock", id=job)))[0]
        if row["lease"] > late:
            break
    other = await run_job(store, job, kinds, clock=lambda: late)
    assert other is not None
    assert (other.status, other.mine) == (JobStatus.RUNNING, False)
    go_on.set()
    state = await running
    assert state is not None
    assert (state.status, state.done) == (JobStatus.SUCCEEDED, 1)


async def test_jobs_of_different_kinds_do_not_wait_for_each_other(store: Store) -> None:
    waits = await queued(store, JobKind.DISCOVERY)
    quick = await queued(store, JobKind.SEGMENT)
    go_on = asyncio.Event()

    async def ahead(store: Store, state: JobState) -> None:
        await go_on.wait()

    kinds = {JobKind.DISCOVERY: counting(1, ahead), JobKind.SEGMENT: counting(1)}
    running = asyncio.create_task(jobs.run_unfinished(store, kinds))
    state = await jobs.follow_job(store, quick, {})
    assert state is not None
    assert state.status is JobStatus.SUCCEEDED
    go_on.set()
    await running
    (row,) = await jobs_by_ids(store, [waits])
    assert row is not None
    assert row.status == "SUCCEEDED"


async def test_what_a_resolution_tells_is_nothing_for_other_kinds(store: Store, recorder: Recorder) -> None:
    job = await queued(store)
    document = "query($id: ID!) { job(id: $id) { kind merges rulesVersion resolution { mergeCount } segment { key } } }"
    context = Context(store=store, recorder=recorder, settings=Settings(), principal=OWNER)
    answer = await executor.execute(document, {"id": job}, context)
    assert answer.data == {
        "job": {"kind": "DISCOVERY", "merges": 0, "rulesVersion": 0, "resolution": None, "segment": None}
    }
