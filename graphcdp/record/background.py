"""The kinds of jobs that there are, and the jobs that a process runs beside its other work."""

import asyncio

from graphcdp.record import discovery, jobs, resolution, segment_builds
from graphcdp.record.clock import utc_now
from graphcdp.record.jobs import Clock, JobKind, JobState, Kinds, OnProgress
from graphcdp.store import Store

KINDS: Kinds = {
    JobKind.RESOLUTION: resolution.begin,
    JobKind.SEGMENT: segment_builds.begin,
    JobKind.DISCOVERY: discovery.begin,
}
"""How a job of each kind begins."""


async def run_job(
    store: Store, job_id: str, *, clock: Clock = utc_now, on_progress: OnProgress | None = None
) -> JobState | None:
    """`jobs.run_job` of any kind."""
    return await jobs.run_job(store, job_id, KINDS, clock=clock, on_progress=on_progress)


async def follow_job(
    store: Store, job_id: str, *, clock: Clock = utc_now, on_progress: OnProgress | None = None
) -> JobState | None:
    """`jobs.follow_job` of any kind."""
    return await jobs.follow_job(store, job_id, KINDS, clock=clock, on_progress=on_progress)


class BackgroundJobs:
    """The jobs that this process runs beside its other work. kinds: those that it can run."""

    def __init__(self, kinds: Kinds = KINDS) -> None:
        self._kinds = kinds
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, store: Store) -> None:
        """Go on with all jobs that are not over and that nobody else runs."""
        task = asyncio.create_task(jobs.run_unfinished(store, self._kinds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop after the page under way; whoever starts next goes on."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
