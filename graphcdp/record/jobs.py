"""Jobs of any kind: status, lease, cursor, progress. What a job of one kind does is in its own file.

A page and the cursor behind it are one transaction, so a job that was stopped
goes on where it was, and does nothing twice. Whoever runs it holds a lease;
should two run it after all, the one that finds the cursor moved gives up.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeAlias

import orjson
import structlog

from graphcdp.model.errors import DatabaseError, GraphCDPError
from graphcdp.model.ids import Tag, tagged
from graphcdp.record.clock import utc_now
from graphcdp.record.ids import new_ulid
from graphcdp.record.tries import transact_again
from graphcdp.store import Store, Transaction

PAGE_TIMEOUT_S = 60.0
# A page may take longer: then two may run the job for a moment, and the one whose page comes second gives up.
LEASE = timedelta(seconds=30)
RENEWED_S = 10.0
FOLLOW_S = 0.5

log = structlog.get_logger("graphcdp.jobs")


class JobKind(StrEnum):
    """What a job does."""

    RESOLUTION = "RESOLUTION"  # resolves the whole graph by new rules
    SEGMENT = "SEGMENT"  # computes the members of one segment
    DISCOVERY = "DISCOVERY"  # looks for segments in the data


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class JobState:
    """Where a job stands. mine: whether this process may go on with it. cursor: place in the phase, "" at its start.

    phase: "" before it began. version, merges, splits: of a resolution. request, result: JSON-like, what was asked
    for and what it brought so far.
    """

    id: str
    kind: str
    status: JobStatus
    phase: str = ""
    cursor: str = ""
    done: int = 0
    total: int = 0
    version: int = 0
    merges: int = 0
    splits: int = 0
    request: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    mine: bool = False
    failure: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done."""
        return self.status not in (JobStatus.QUEUED, JobStatus.RUNNING)

    def ended(self) -> "JobState":
        """The state when all is done."""
        return replace(self, status=JobStatus.SUCCEEDED, done=self.total, mine=False)

    def failed(self, failure: str) -> "JobState":
        """The state when it cannot go on; failure: why."""
        return replace(self, status=JobStatus.FAILED, failure=failure, mine=False)


@dataclass(frozen=True, slots=True)
class Work:
    """What one job does.

    total: how much there is to do; asked when it begins. page: does a page, in
    the transaction that is given; answers the state behind it, with phase, cursor
    and done moved on, or `ended()`, or `failed(...)`. ahead: what the next page needs and takes long
    to find, without a transaction; the lease is renewed meanwhile.
    """

    total: Callable[[Transaction], Awaitable[int]]
    page: Callable[[Transaction, JobState, datetime, Any], Awaitable[JobState]]
    ahead: Callable[[Store, JobState], Awaitable[Any]] | None = None


Begin: TypeAlias = Callable[[Store, JobState], Awaitable[Work | str | None]]
"""`begin(store, state)`: what the job does; None, or why, when that can no longer be done: then the job failed."""
Kinds: TypeAlias = Mapping[JobKind, Begin]
OnProgress: TypeAlias = Callable[[JobState], None]
Clock: TypeAlias = Callable[[], datetime]


async def queue_job(
    tx: Transaction, kind: JobKind, now: datetime, *, request: Mapping[str, Any] | None = None, **properties: Any
) -> str:
    """Queue a job, in the transaction that asks for it. Returns its id, job_.... properties: what the kind needs."""
    job_id = tagged(Tag.JOB, new_ulid(now))
    text = {} if request is None else {"request": orjson.dumps(request).decode()}
    await tx.run("job/queue", properties={"id": job_id, "kind": kind.value, **text, **properties}, now=now)
    return job_id


async def retry_job(store: Store, job_id: str, now: datetime) -> None:
    """Let a job that failed go on where it stopped; any other is left as it is."""

    async def work(tx: Transaction) -> None:
        found = await _locked(tx, job_id)
        if found is not None and found[0].status is JobStatus.FAILED:
            properties = {"status": JobStatus.QUEUED.value, "failure": None, "finishedAt": None, "leaseUntil": None}
            await tx.run("job/set", id=job_id, properties=properties, now=now)

    await store.transact(work)


async def follow_job(
    store: Store, job_id: str, kinds: Kinds, *, clock: Clock = utc_now, on_progress: OnProgress | None = None
) -> JobState | None:
    """Run a job until it is over, or watch it while another process does. Errors as `run_job`."""
    while True:
        state = await run_job(store, job_id, kinds, clock=clock, on_progress=on_progress)
        if state is None or state.is_over:
            return state
        await asyncio.sleep(FOLLOW_S)


async def run_job(
    store: Store,
    job_id: str,
    kinds: Kinds,
    *,
    clock: Clock = utc_now,
    on_progress: OnProgress | None = None,
    budget_s: float = math.inf,
) -> JobState | None:
    """Run a job until it is over, unless another process does. Returns where it stands then; None: there is none.

    budget_s: when this is used up, the rest is left for who comes next. A job of
    a kind that is not among `kinds` is left alone. Raises DatabaseError when the
    database cannot serve now: then it is to be run again. On any other error the
    job has failed.
    """
    tell = on_progress or (lambda state: None)
    state = await transact_again(store, partial(_claim, job_id=job_id, kinds=kinds, clock=clock))
    if state is None or not state.mine:
        if state is not None:
            tell(state)
        return state
    try:
        work = await kinds[JobKind(state.kind)](store, state)
        if not isinstance(work, Work):
            failure = work or "What it was to work on is no longer there."
            await _set(store, job_id, _failed(failure, clock()), clock())
            return state.failed(failure)
        if state.status is JobStatus.QUEUED:
            state = await transact_again(
                store, partial(_begin, before=state, work=work, clock=clock), timeout_s=PAGE_TIMEOUT_S
            )
        ends = time.monotonic() + budget_s
        while state.mine:
            tell(state)
            if time.monotonic() > ends:
                await _set(store, job_id, {"leaseUntil": None}, clock())
                return replace(state, mine=False)
            found = None if work.ahead is None else await _leased(store, state, work.ahead(store, state), clock)
            state = await transact_again(
                store, partial(_go_on, before=state, work=work, found=found, clock=clock), timeout_s=PAGE_TIMEOUT_S
            )
    except asyncio.CancelledError:
        await _set(store, state.id, {"leaseUntil": None}, clock())
        raise
    except DatabaseError:
        raise
    except Exception as error:
        failure = str(error) if isinstance(error, GraphCDPError) else f"Internal error: {type(error).__name__}."
        await _set(store, state.id, _failed(failure, clock()), clock())
        raise
    tell(state)
    return state


async def run_unfinished(store: Store, kinds: Kinds) -> None:
    """Go on with all jobs that are not over and that nobody else runs; those of one kind one after the other."""

    async def run(kind: JobKind) -> None:
        try:
            for row in await store.read("job/unfinished", kind=kind.value):
                await run_job(store, row["id"], kinds)
        except DatabaseError as error:
            log.warning("job not finished; it is taken up again", kind=kind.value, reason=str(error))
        except Exception:
            log.exception("job failed", kind=kind.value)

    await asyncio.gather(*(run(kind) for kind in kinds))


async def _leased(store: Store, state: JobState, work: Awaitable[Any], clock: Clock) -> Any:
    """What the work finds, however long it takes; nobody else takes the job meanwhile."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEWED_S)
            await _set(store, state.id, {"leaseUntil": clock() + LEASE}, clock())

    renewing = asyncio.create_task(renew())
    try:
        return await work
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


def _failed(failure: str, now: datetime) -> dict[str, Any]:
    return {"status": JobStatus.FAILED.value, "failure": failure, "finishedAt": now, "leaseUntil": None}


async def _set(store: Store, job_id: str, properties: dict[str, Any], now: datetime) -> None:
    await store.transact(lambda tx: tx.run("job/set", id=job_id, properties=properties, now=now))


async def _locked(tx: Transaction, job_id: str) -> tuple[JobState, datetime | None] | None:
    """A job that is locked from now on, and until when somebody runs it."""
    rows = await tx.run("job/lock", id=job_id)
    if not rows:
        return None
    (row,) = rows
    state = JobState(
        job_id,
        row["kind"],
        JobStatus(row["status"]),
        row["phase"] or "",
        row["cursor"] or "",
        row["done"],
        row["total"] or 0,
        row["version"] or 0,
        row["merges"],
        row["splits"],
        orjson.loads(row["request"] or "{}"),
        orjson.loads(row["result"] or "{}"),
        failure=row["failure"],
    )
    return state, row["lease"]


async def _claim(tx: Transaction, *, job_id: str, kinds: Kinds, clock: Clock) -> JobState | None:
    """Take the job, unless it is over, or somebody runs it, or it is of another kind."""
    found = await _locked(tx, job_id)
    if found is None:
        return None
    state, lease = found
    now = clock()
    if state.is_over or (lease is not None and lease > now) or state.kind not in kinds:
        return state
    await tx.run("job/set", id=job_id, properties={"leaseUntil": now + LEASE}, now=now)
    return replace(state, mine=True)


async def _begin(tx: Transaction, *, before: JobState, work: Work, clock: Clock) -> JobState:
    """Say how much there is to do, once."""
    found = await _locked(tx, before.id)
    if found is None or found[0].status is not JobStatus.QUEUED:
        return replace(before if found is None else found[0], mine=False)
    state = found[0]
    total = state.total or await work.total(tx)
    state = replace(state, status=JobStatus.RUNNING, total=total, mine=True)
    await _keep(tx, state, clock())
    return state


async def _keep(tx: Transaction, state: JobState, now: datetime) -> None:
    properties = {
        "status": state.status.value,
        "phase": state.phase,
        "cursor": state.cursor,
        "done": state.done,
        "total": state.total,
        "failure": state.failure,
        "leaseUntil": None if state.is_over else now + LEASE,
        "finishedAt": now if state.is_over else None,
    }
    if state.kind == JobKind.RESOLUTION:
        properties |= {"merges": state.merges, "splits": state.splits}
    if state.result:
        properties["result"] = orjson.dumps(state.result).decode()
    await tx.run("job/set", id=state.id, properties=properties, now=now)


async def _go_on(tx: Transaction, *, before: JobState, work: Work, found: Any, clock: Clock) -> JobState:
    """One page of the job, and the cursor behind it."""
    locked = await _locked(tx, before.id)
    if locked is None:
        return replace(before, mine=False)
    state, _ = locked
    if state.status is not JobStatus.RUNNING or (state.phase, state.cursor) != (before.phase, before.cursor):
        # Superseded, or taken over by another process.
        return state
    now = clock()
    state = await work.page(tx, replace(state, mine=True), now, found)
    await _keep(tx, state, now)
    return state
