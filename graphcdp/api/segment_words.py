"""Words for segments that arguments take: kinds, statuses, steps of time."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from graphcdp.api.times import TimeRange, bounds_of
from graphcdp.read.segment_sizes import Span, span_of
from graphcdp.read.segments import LISTED


@strawberry.enum(description="How members are chosen.")
class SegmentKind(Enum):
    """As `graphcdp.segment.definitions.Kind`."""

    RULE = strawberry.enum_value("RULE", description="By a rule, kept live.")


@strawberry.enum(description="What a segment is doing.")
class SegmentStatus(Enum):
    """As `graphcdp.segment.definitions.Status`."""

    BUILDING = strawberry.enum_value(
        "BUILDING", description="The rule is new; members are still coming in and going out."
    )
    LIVE = strawberry.enum_value("LIVE", description="Members are kept up to date with each event.")
    PAUSED = strawberry.enum_value("PAUSED", description="Frozen by request.")
    ARCHIVED = strawberry.enum_value(
        "ARCHIVED", description="Put away: nobody is in it, and it is not listed unless asked for."
    )


@strawberry.enum(description="How far the points of a history lie apart.")
class SegmentSizeStep(Enum):
    """A step of time."""

    HOUR = strawberry.enum_value("HOUR", description="A point for each hour in UTC.")
    DAY = strawberry.enum_value("DAY", description="A point for each day in UTC.")


def statuses_of(given: Sequence[SegmentStatus] | None) -> list[str]:
    """The statuses that a list of segments is asked for; all but ARCHIVED when the caller names none."""
    return list(LISTED) if given is None else sorted({status.name for status in given})


def span_of_sizes(during: TimeRange | None, every: SegmentSizeStep, now: datetime) -> Span:
    """Which points of a history the caller asks for. Errors as `span_of` and `bounds_of`."""
    since, until = bounds_of(during, now, ("during",))
    return span_of(since, until, hourly=every is SegmentSizeStep.HOUR, now=now)
