"""Times and durations as text: RFC 3339 and ISO 8601."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import overload

DURATION_S_MAX = 3653 * 86_400  # ten years; in this sum a year is 365 days and a month 30
DURATION_LENGTH_MAX = 50

# The driver takes 30 to 50 microseconds for each native time it converts; a batch has ten thousand of them. So the
# write path exchanges times as text and as numbers, which the database converts.


def to_wire(time: datetime | None) -> str | None:
    """A time as the text that Cypher's `datetime()` reads; None stays None."""
    return None if time is None else time.isoformat()


@overload
def to_epoch(time: datetime) -> tuple[int, int]: ...
@overload
def to_epoch(time: datetime | None) -> tuple[int, int] | tuple[None, None]: ...
def to_epoch(time: datetime | None) -> tuple[int, int] | tuple[None, None]:
    """A time as Cypher's `datetime.fromepoch()` takes it: seconds since 1970 and nanoseconds; None stays None.

    The database reads it faster than text, where there are thousands.
    """
    if time is None:
        return None, None
    since = time - _EPOCH
    return since.days * 86_400 + since.seconds, since.microseconds * 1000


def from_wire(text: str | None) -> datetime | None:
    """The time that Cypher's `toString()` wrote; None stays None."""
    return None if text is None else datetime.fromisoformat(text)


def time_text(value: datetime) -> str:
    """A time as answers and cursors have it: RFC 3339 in UTC, milliseconds, or microseconds where there are any."""
    value = value.astimezone(UTC)
    digits = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.isoformat(timespec=digits).replace("+00:00", "Z")


def short_time(value: datetime) -> str:
    """A time in UTC as Cypher's `toString()` writes it: as few digits as it has."""
    seconds, _, fraction = value.astimezone(UTC).replace(tzinfo=None).isoformat().partition(".")
    return f"{seconds}.{fraction.rstrip('0')}Z" if fraction else f"{seconds}Z"


def full_time(text: str) -> str:
    """The text of `time_text` for a time that Cypher's `toString()` wrote."""
    if text[-1] == "Z":
        length = len(text)
        if length == _MILLISECONDS:
            return text
        if length == _SECONDS:
            return f"{text[:-1]}.000Z"
        if length <= _MICROSECONDS:
            # Digits at the end that are 0 were left out.
            return f"{text[:-1]:0<{_MILLISECONDS - 1 if length < _MILLISECONDS else _MICROSECONDS - 1}}Z"
    # A zone's name follows the offset in brackets.
    return time_text(datetime.fromisoformat(text.partition("[")[0]))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = len("2026-01-31T09:30:00Z")
_MILLISECONDS = len("2026-01-31T09:30:00.000Z")
_MICROSECONDS = len("2026-01-31T09:30:00.000000Z")

_DURATION = re.compile(
    r"P(?=[0-9T])(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?"
)
_SECONDS_BY_UNIT = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}))?",
    re.IGNORECASE,
)


def duration_parts(duration: str) -> tuple[int, ...]:
    """Years, months, weeks, days, hours, minutes and seconds of an ISO 8601 duration.

    Raises ValueError when it is none, has fractions, is zero or longer than P10Y.
    """
    match = _DURATION.fullmatch(duration) if len(duration) <= DURATION_LENGTH_MAX else None
    if match is None:
        raise ValueError("no duration")
    parts = tuple(int(n or 0) for n in match.groups())
    seconds = sum(part * unit for part, unit in zip(parts, _SECONDS_BY_UNIT, strict=True))
    if not 0 < seconds <= DURATION_S_MAX:
        raise ValueError("out of range")
    return parts


def span_of(duration: str) -> timedelta:
    """An ISO 8601 duration as a fixed span: a year is 365 days and a month 30. Errors as `duration_parts`."""
    parts = duration_parts(duration)
    return timedelta(seconds=sum(part * unit for part, unit in zip(parts, _SECONDS_BY_UNIT, strict=True)))


def duration_text(span: timedelta) -> str:
    """A span of whole seconds, longer than none, as an ISO 8601 duration in days, hours, minutes and seconds."""
    hours, minutes, seconds = span.seconds // 3600, span.seconds // 60 % 60, span.seconds % 60
    days = f"{span.days}D" if span.days else ""
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    return f"P{days}{'T' if clock else ''}{clock}"


def months_and_span(duration: str) -> tuple[int, timedelta]:
    """What of an ISO 8601 duration goes by the calendar, in months, and the rest. Errors as `duration_parts`."""
    years, months, weeks, days, hours, minutes, seconds = duration_parts(duration)
    return years * 12 + months, timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def reaching_back(now: datetime, duration: str) -> datetime:
    """The moment that lies this far back; years and months go by the calendar.

    A day that the month does not have becomes its last one. Errors as `duration_parts`.
    """
    return _shifted(now, duration, -1)


def reaching_ahead(now: datetime, duration: str) -> datetime:
    """The moment that lies this far ahead; as `reaching_back`."""
    return _shifted(now, duration, 1)


def _shifted(now: datetime, duration: str, sign: int) -> datetime:
    years, months, weeks, days, hours, minutes, seconds = duration_parts(duration)
    month = now.year * 12 + now.month - 1 + sign * (years * 12 + months)
    year, month = month // 12, month % 12 + 1
    start = now.replace(year=year, month=month, day=min(now.day, calendar.monthrange(year, month)[1]))
    return start + sign * timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def time_of(text: str) -> datetime | None:
    """The moment that RFC 3339 text states, a date alone being its first moment in UTC; None for other text."""
    if not _TIME.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
