"""Jobs: long work that goes on in the background, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.rows import Row, one_each
from graphcdp.store.neo4j import Store


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. total: None before it is known. finished: None before.

    version, merges, splits: of a resolution, the version that of the rules; 0 for other kinds. segment: whose members
    it computes. request, result: JSON text, what was asked for and what it brought so far; None for nothing.
    """

    id: str
    kind: str
    status: str
    version: int
    segment: str | None
    phase: str | None
    done: int
    total: int | None
    merges: int
    splits: int
    request: str | None
    result: str | None
    started: datetime
    finished: datetime | None
    failure: str | None


async def jobs_by_ids(store: Store, ids: Sequence[str]) -> list[JobRow | None]:
    """For each id its job; None where there is none."""
    return one_each(ids, await store.read("read/jobs_by_ids", ids=list(ids)), "id", _job)


async def job_of_version(store: Store, version: int) -> str | None:
    """The id of the latest job that resolves by this version of the rules; None when there is none."""
    rows = await store.read("read/job_of_version", version=version)
    return rows[0]["id"] if rows else None


async def job_of_segment(store: Store, segment_id: str) -> str | None:
    """The id of the latest job that is computing a segment's members; None when there is none, or it is over."""
    rows = await store.read("segment/job", segment=segment_id)
    return rows[0]["id"] if rows else None


def _job(row: Row) -> JobRow:
    return JobRow(**row)
