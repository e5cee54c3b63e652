"""How many members segments had over time. Source: docs/segments.md, rule 20."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.rows import many_each
from graphcdp.store.neo4j import Store

POINTS_MAX = 1000
DEFAULT = timedelta(days=30)
"""How far back a history reaches when nobody says."""
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Which points: [since, until), moments as text that all have one length. hourly: one an hour, else one a day."""

    since: str
    until: str
    hourly: bool


@dataclass(frozen=True, slots=True)
class Size:
    """How many members a segment had at the end of the hour or day that began then, or as it was last measured."""

    at: datetime
    size: int


def span_of(since: datetime | None, until: datetime | None, *, hourly: bool, now: datetime) -> Span:
    """The hours or days that begin in [since, until), with the one that `since` is in.

    Raises InvalidReferenceError for more than POINTS_MAX of them.
    """
    last = min(now + _DAY, until or now + _DAY)
    first = since or min(last, now) - DEFAULT
    step = _HOUR if hourly else _DAY
    if (last - first) / step > POINTS_MAX:
        raise InvalidReferenceError(
            f"A history of sizes has at most {POINTS_MAX} points: ask for a shorter time"
            f"{', or for one point a day' if hourly else ''}.",
            ("during",),
        )
    first = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if not hourly:
        first = first.replace(hour=0)
    return Span(_text(first), _text(last.astimezone(UTC)), hourly)


async def size_histories(store: Store, ids: Sequence[str], span: Span) -> list[list[Size]]:
    """The sizes of each segment, oldest first; hours and days in which nothing was measured are left out."""
    rows = await store.read("segment/size_history", ids=list(ids), first=span.since[:10], last=span.until[:10])
    return [
        [
            Size(datetime.fromisoformat(at), size)
            for row in found
            for at, size in _points(row["day"], row["sizes"], hourly=span.hourly)
            if span.since <= at < span.until
        ]
        for found in many_each(ids, rows, "segment")
    ]


def _points(day: str, sizes: list[int], *, hourly: bool) -> list[tuple[str, int]]:
    measured = [(f"{day}T{hour:02}:00:00Z", size) for hour, size in enumerate(sizes) if size >= 0]
    return measured if hourly else [(f"{day}T00:00:00Z", measured[-1][1])]


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
