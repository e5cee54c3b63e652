"""Jobs, as callers see them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from typing import Annotated

import strawberry

from graphcdp.api import asked
from graphcdp.api.context import Info
from graphcdp.api.discovery import JobResult, SegmentDiscovery
from graphcdp.api.fields import READ, field, instead, value_field
from graphcdp.api.node import Node, id_read_as
from graphcdp.api.scalars import DateTime
from graphcdp.api.segments import Segment, segment_with_id
from graphcdp.api.subscriptions import each, subscription
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.plan.fields import Leaf, Nested, time
from graphcdp.read.jobs import JobRow, jobs_by_ids

GONE = "0.4"


@strawberry.enum(description="What a job does. New ones may appear.")
class JobKind(Enum):
    """What a job does."""

    RESOLUTION = strawberry.enum_value(
        "RESOLUTION", description="Resolves the whole graph by new identity rules, from the evidence."
    )
    SEGMENT = strawberry.enum_value("SEGMENT", description="Computes the members of one segment, after an edit.")
    DISCOVERY = strawberry.enum_value("DISCOVERY", description="Looks for segments in the data.")


@strawberry.enum(description="Where a job stands.")
class JobStatus(Enum):
    """Where a job stands."""

    QUEUED = strawberry.enum_value("QUEUED", description="It waits for a server to begin.")
    RUNNING = strawberry.enum_value("RUNNING", description="It is under way, or waits to be taken up again.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="It is done.")
    FAILED = strawberry.enum_value("FAILED", description="It ended before it was done; `failure` says why.")


@strawberry.type(description="What a resolution by new identity rules did so far.")
class ResolutionReport:
    """Numbers of a resolution."""

    rules_version: int = value_field("The version of the identity rules that it resolves by.", plan=Leaf("j.version"))
    merge_count: int = value_field("How many customers it merged into others.", plan=Leaf("j.merges"))
    split_count: int = value_field("How many customers it split off others.", plan=Leaf("j.splits"))


@strawberry.type(description="Long work that goes on in the background. It survives a stop of the server.")
class Job(Node):
    """Made of a stored job by `of`."""

    id: strawberry.ID = id_read_as("j.id")
    kind: JobKind = value_field("What it does.", plan=Leaf("j.kind"))
    status: JobStatus = value_field("Where it stands.", plan=Leaf("j.status"))
    done: int = value_field("How much is done, of `total`.", plan=Leaf("j.done"))
    total: int | None = value_field(
        "How much there is to do: an estimate, while it runs; null before it is known.", plan=Leaf("j.total")
    )
    merges: int = value_field(
        "How many customers a resolution merged into others; 0 for other jobs.",
        plan=Leaf("coalesce(j.merges, 0)"),
        deprecated=instead("ResolutionReport.mergeCount", GONE),
    )
    splits: int = value_field(
        "How many customers a resolution split off others; 0 for other jobs.",
        plan=Leaf("coalesce(j.splits, 0)"),
        deprecated=instead("ResolutionReport.splitCount", GONE),
    )
    rules_version: int = value_field(
        "The version of the identity rules that a resolution goes by; 0 for other jobs.",
        plan=Leaf("coalesce(j.version, 0)"),
        deprecated=instead("ResolutionReport.rulesVersion", GONE),
    )
    resolution: ResolutionReport | None = value_field(
        "What a resolution did so far; null for other jobs.",
        plan=Nested("WITH j AS of MATCH (j:Job {id: of.id}) WHERE j.kind = 'RESOLUTION'", ("j",)),
    )
    of_segment: strawberry.Private[str | None]
    brought: strawberry.Private[str | None]
    started_at: DateTime = value_field("When it was asked for.", plan=time("j.startedAt"))
    finished_at: DateTime | None = value_field("When it was over; null before.", plan=time("j.finishedAt"))
    failure: str | None = value_field("Why it failed; null otherwise.", plan=Leaf("j.failure"))

    @field(
        "How much is done, 0..1: an estimate, while it runs; null before it is known.",
        plan=Leaf(
            "CASE WHEN j.status = 'SUCCEEDED' OR j.done > j.total AND j.total <> 0 THEN 1.0 "
            "WHEN j.total <> 0 THEN toFloat(j.done) / j.total END"
        ),
    )
    def progress(self) -> float | None:
        if self.status is JobStatus.SUCCEEDED:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else None

    @field("What it brought so far; null before there is any, and for jobs that bring nothing.")
    def result(self) -> JobResult | None:
        return SegmentDiscovery.of(self.brought) if self.kind is JobKind.DISCOVERY else None

    @field("The segment whose members it computes; null for other jobs.", plan=asked.SEGMENT_OF_JOB)
    async def segment(self, info: Info) -> Segment | None:
        if self.of_segment is None:
            return None
        return await segment_with_id(info, self.of_segment)

    @classmethod
    def of(cls, row: JobRow) -> "Job":
        """The job of a row."""
        return cls(
            id=strawberry.ID(row.id),
            kind=JobKind[row.kind],
            status=JobStatus[row.status],
            done=row.done,
            total=row.total,
            merges=row.merges,
            splits=row.splits,
            rules_version=row.version,
            started_at=row.started,
            finished_at=row.finished,
            failure=row.failure,
            of_segment=row.segment,
            brought=row.result,
            resolution=(
                ResolutionReport(rules_version=row.version, merge_count=row.merges, split_count=row.splits)
                if row.kind == JobKind.RESOLUTION.name
                else None
            ),
        )


@strawberry.type
class JobQueries:
    """Queries for jobs."""

    @field("A job by its id; null when there is none.", scopes=READ, plan=asked.JOB)
    async def job(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        id: Annotated[strawberry.ID, strawberry.argument(description="The job's id.")],  # noqa: A002
    ) -> Job | None:
        return await job_with_id(info, id)


async def job_with_id(info: Info, job_id: str) -> Job | None:
    """The job with this id, job_...; None when there is none."""
    row = await info.context.loader(jobs_by_ids).load(job_id)
    return None if row is None else Job.of(row)


@strawberry.type
class JobSubscriptions:
    """Subscriptions to jobs."""

    @subscription(
        "A job as it stands, and again whenever it got further, at most a few times a second; it ends when the job "
        "is over.",
        scopes=READ,
    )
    async def job_changed(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        id: Annotated[strawberry.ID, strawberry.argument(description="The job's id.")],  # noqa: A002
    ) -> AsyncGenerator[Job, None]:
        store = info.context.store

        async def read() -> JobRow | None:
            return (await jobs_by_ids(store, [id]))[0]

        found = False
        feed = info.context.job_feed.follow(str(id), read, _is_over)
        async with aclosing(each(info.context, feed)) as rows:
            async for row in rows:
                found = True
                yield Job.of(row)
        if not found:
            raise InvalidReferenceError(f"There is no job {str(id)!r}.")


def _is_over(row: JobRow) -> bool:
    return row.finished is not None or row.status in (JobStatus.SUCCEEDED.name, JobStatus.FAILED.name)
