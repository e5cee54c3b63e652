"""Stretches of time, as callers state them."""

from datetime import datetime
from enum import Enum

import strawberry

from graphcdp.api.scalars import DateTime, Duration, moment
from graphcdp.model.times import reaching_back


@strawberry.input(description="A stretch of time. All bounds that are given must hold; none means all time.")
class TimeRange:
    """Bounds in time; `bounds_of` makes moments of them."""

    since: DateTime | None = strawberry.field(description="Earliest moment, included.", default=None)
    until: DateTime | None = strawberry.field(description="Latest moment, not included.", default=None)
    within: Duration | None = strawberry.field(description="Reaching back this far from now.", default=None)


@strawberry.enum(description="Order in time.")
class TimeOrder(Enum):
    """Order in time."""

    NEWEST_FIRST = strawberry.enum_value("NEWEST_FIRST", description="Latest first.")
    OLDEST_FIRST = strawberry.enum_value("OLDEST_FIRST", description="Earliest first.")


def bounds_of(
    given: TimeRange | None, now: datetime, path: tuple[str, ...] = ()
) -> tuple[datetime | None, datetime | None]:
    """Earliest moment, included, and latest, not included; None where there is no bound.

    path: where the range stands in the query. Raises GraphQLError (BAD_USER_INPUT) for text that is no time.
    """
    if given is None:
        return None, None
    since = None if given.since is None else moment(given.since, (*path, "since"))
    until = None if given.until is None else moment(given.until, (*path, "until"))
    if given.within is not None:
        reach = reaching_back(now, given.within)
        since = reach if since is None else max(since, reach)
    return since, until
