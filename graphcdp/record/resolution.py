"""The job that resolves the whole graph by new rules, from the evidence. Source: docs/rules.md, rules 18 to 22.

It goes through customers over a limit, blocked identifiers, refused evidence
and claims that were left out, page by page. A page and the cursor behind it are
one transaction, so a job that was stopped goes on where it was, and does
nothing twice. Whoever runs it holds a lease; should two run it after all, the
one that finds the cursor moved gives up.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import structlog

from graphcdp.model.errors import DatabaseError, GraphCDPError
from graphcdp.record.clock import utc_now
from graphcdp.record.ids import NewIds
from graphcdp.record.resolution_pages import STEPS, Page, Phase, total_of
from graphcdp.record.rules import rule_sets
from graphcdp.record.tries import transact_again
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction

PAGE_TIMEOUT_S = 60.0
# A page may take longer: then two may run the job for a moment, and the one whose page comes second gives up.
LEASE = timedelta(seconds=30)
FOLLOW_S = 0.5

log = structlog.get_logger("graphcdp.resolution")


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class JobState:
    """Where a job stands. mine: whether this process may go on with it. cursor: place in the phase."""

    id: str
    status: JobStatus
    version: int
    phase: Phase
    cursor: str
    done: int
    total: int
    merges: int
    splits: int
    mine: bool = False
    failure: str | None = None


Result = TypeVar("Result")
OnProgress = Callable[[JobState], None]


class BackgroundJobs:
    """The jobs that this process runs beside its other work."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, store: Store) -> None:
        """Go on with all jobs that are not over and that nobody else runs."""
        task = asyncio.create_task(_run_unfinished(store))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop after the page under way; whoever starts next goes on."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_unfinished(store: Store) -> None:
    try:
        for row in await store.read("resolution/unfinished_jobs"):
            await run_job(store, row["id"])
    except DatabaseError as error:
        log.warning("job not finished; it is taken up again", reason=str(error))
    except Exception:
        log.exception("job failed")


async def follow_job(
    store: Store, job_id: str, *, clock: Callable[[], datetime] = utc_now, on_progress: OnProgress | None = None
) -> JobState | None:
    """Run a job until it is over, or watch it while another process does. Errors as `run_job`."""
    while True:
        state = await run_job(store, job_id, clock=clock, on_progress=on_progress)
        if state is None or state.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            return state
        await asyncio.sleep(FOLLOW_S)


async def retry_job(store: Store, job_id: str, now: datetime) -> None:
    """Let a job that failed go on where it stopped; any other is left as it is."""

    async def work(tx: Transaction) -> None:
        found = await _locked(tx, job_id)
        if found is not None and found[0].status is JobStatus.FAILED:
            properties = {"status": JobStatus.QUEUED.value, "failure": None, "finishedAt": None, "leaseUntil": None}
            await tx.run("resolution/set_job", id=job_id, properties=properties, now=now)

    await store.transact(work)


async def run_job(
    store: Store, job_id: str, *, clock: Callable[[], datetime] = utc_now, on_progress: OnProgress | None = None
) -> JobState | None:
    """Run a job until it is over, unless another process does. Returns where it stands then; None: there is none.

    Raises DatabaseError when the database cannot serve now: then it is to be
    run again. On any other error the job has failed.
    """
    rules = await _rules_of(store, job_id)
    state = (
        None
        if rules is None
        else await transact_again(
            store, partial(_claim, job_id=job_id, rules=rules, clock=clock), timeout_s=PAGE_TIMEOUT_S
        )
    )
    if rules is None or state is None or not state.mine:
        if state is not None and on_progress is not None:
            on_progress(state)
        return state
    try:
        while state.mine:
            if on_progress is not None:
                on_progress(state)
            state = await transact_again(
                store, partial(_go_on, before=state, rules=rules, clock=clock), timeout_s=PAGE_TIMEOUT_S
            )
    except asyncio.CancelledError:
        await _set(store, state.id, {"leaseUntil": None}, clock())
        raise
    except DatabaseError:
        raise
    except Exception as error:
        failure = str(error) if isinstance(error, GraphCDPError) else f"Internal error: {type(error).__name__}."
        over = {"status": JobStatus.FAILED.value, "failure": failure, "finishedAt": clock(), "leaseUntil": None}
        await _set(store, state.id, over, clock())
        raise
    if on_progress is not None:
        on_progress(state)
    return state


async def _rules_of(store: Store, job_id: str) -> IdentityRules | None:
    """The rules that a job resolves by; None when there is no such job."""
    rows = await store.read("read/jobs_by_ids", ids=[job_id])
    found = await rule_sets(store, version=rows[0]["version"]) if rows else []
    return found[0].rules if found else None


async def _set(store: Store, job_id: str, properties: dict[str, Any], now: datetime) -> None:
    await store.transact(lambda tx: tx.run("resolution/set_job", id=job_id, properties=properties, now=now))


async def _locked(tx: Transaction, job_id: str) -> tuple[JobState, datetime | None] | None:
    """A job that is locked from now on, and until when somebody runs it."""
    rows = await tx.run("resolution/lock_job", id=job_id)
    if not rows:
        return None
    (row,) = rows
    state = JobState(
        job_id,
        JobStatus(row["status"]),
        row["version"],
        Phase(row["phase"] or Phase.LIMITS),
        row["cursor"] or "",
        row["done"],
        row["total"] or 0,
        row["merges"],
        row["splits"],
        failure=row["failure"],
    )
    return state, row["lease"]


async def _claim(
    tx: Transaction, *, job_id: str, rules: IdentityRules, clock: Callable[[], datetime]
) -> JobState | None:
    """Take the job, unless it is over or somebody runs it."""
    found = await _locked(tx, job_id)
    if found is None:
        return None
    state, lease = found
    now = clock()
    if state.status not in (JobStatus.QUEUED, JobStatus.RUNNING) or (lease is not None and lease > now):
        return state
    total = state.total
    if state.status is JobStatus.QUEUED and not total:
        total = await total_of(tx, rules)
    state = replace(state, status=JobStatus.RUNNING, total=total, mine=True)
    await _keep(tx, state, now)
    return state


async def _keep(tx: Transaction, state: JobState, now: datetime) -> None:
    over = state.status is JobStatus.SUCCEEDED
    properties = {
        "status": state.status.value,
        "phase": state.phase.value,
        "cursor": state.cursor,
        "done": state.done,
        "total": state.total,
        "merges": state.merges,
        "splits": state.splits,
        "leaseUntil": None if over else now + LEASE,
        "finishedAt": now if over else None,
    }
    await tx.run("resolution/set_job", id=state.id, properties=properties, now=now)


async def _go_on(tx: Transaction, *, before: JobState, rules: IdentityRules, clock: Callable[[], datetime]) -> JobState:
    """One page of the job, and the cursor behind it."""
    found = await _locked(tx, before.id)
    if found is None:
        return replace(before, mine=False)
    state, _ = found
    if state.status is not JobStatus.RUNNING or (state.phase, state.cursor) != (before.phase, before.cursor):
        # Superseded, or taken over by another process.
        return state
    now = clock()
    step = await STEPS[state.phase](Page(tx, rules, now, NewIds(now), state.cursor))
    done = state.done + step.done
    state = replace(
        state,
        cursor=step.cursor or "",
        done=done,
        # Evidence that ended is tried again, and more may have come meanwhile.
        total=max(state.total + step.ended, done),
        merges=state.merges + step.merges,
        splits=state.splits + step.splits,
        mine=True,
    )
    if step.cursor is None:
        later = list(Phase)[list(Phase).index(state.phase) + 1 :]
        if later:
            state = replace(state, phase=later[0])
        else:
            state = replace(state, status=JobStatus.SUCCEEDED, done=state.total, mine=False)
    await _keep(tx, state, now)
    return state
