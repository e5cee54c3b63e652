"""Scalars of the API, and the Python types that stand for them.

DateTime   datetime with an offset; in answers always UTC
Duration   str, checked
JSON       any JSON value; JsonText is one that is already text
BigInt     int
"""

import re
from datetime import UTC, datetime
from typing import Any, NewType, TypeAlias

import orjson
import strawberry
from graphql import GraphQLError
from graphql.language import ValueNode
from graphql.utilities import value_from_ast_untyped

DateTime: TypeAlias = datetime
Duration = NewType("Duration", str)
JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)

DURATION_YEARS_MAX = 10

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_SECONDS_BY_UNIT = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)


class UnreadableTime(str):
    """Text that was given for a DateTime and is none.

    One message's bad time must not fail its neighbours in a batch, so the
    scalar lets it pass and the recorder reports it; everywhere else `moment`
    refuses it.
    """


class JsonText:
    """A JSON value that is text already; it is put into the answer unparsed, word for word."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def parsed(self) -> Any:
        """The value."""
        return orjson.loads(self.text)


def read_time(text: str) -> datetime | None:
    """The time that RFC 3339 text states, in UTC; None when it states none that Python can hold."""
    if not _TIME.fullmatch(text):
        return None
    head, dot, rest = text.upper().partition(".")
    if dot:
        # Finer than microseconds cannot be stored; what is too fine is cut, not refused.
        digits = re.match(r"\d+", rest)
        fraction = digits.group() if digits else ""
        text = f"{head}.{fraction[:6].ljust(6, '0')}{rest[len(fraction) :]}"
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_time(value: datetime) -> str:
    """RFC 3339 text in UTC: milliseconds, or microseconds where there are any."""
    value = value.astimezone(UTC)
    digits = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.isoformat(timespec=digits).replace("+00:00", "Z")


def moment(value: datetime | str, path: tuple[str, ...]) -> datetime:
    """The time given at `path` of a query.

    Raises GraphQLError (BAD_USER_INPUT) for text that is no time.
    """
    if isinstance(value, datetime):
        return value
    raise GraphQLError(
        f"{'.'.join(path)}: {value[:100]!r} is no time; write RFC 3339 with an offset, such as 2026-01-31T09:30:00Z.",
        extensions={"code": "BAD_USER_INPUT"},
    )


def duration_parts(duration: str) -> tuple[int, int, int, int, int, int, int]:
    """Years, months, weeks, days, hours, minutes and seconds of a Duration that the scalar let pass."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is no ISO 8601 duration")
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return years, months, weeks, days, hours, minutes, seconds


def _parse_time(value: Any) -> datetime | UnreadableTime:
    if not isinstance(value, str):
        raise GraphQLError("A DateTime is text such as 2026-01-31T09:30:00Z.")
    return read_time(value) or UnreadableTime(value)


def _parse_duration(value: Any) -> Duration:
    if not isinstance(value, str) or len(value) > 50 or not _DURATION.fullmatch(value):
        raise GraphQLError("A Duration is ISO 8601 text without fractions, such as P30D, P1Y or PT15M.")
    parts = duration_parts(value)
    seconds = sum(count * unit for count, unit in zip(parts, _SECONDS_BY_UNIT, strict=True))
    if seconds > DURATION_YEARS_MAX * 366 * 86_400:
        raise GraphQLError(f"A Duration is at most P{DURATION_YEARS_MAX}Y; {value[:50]!r} is longer.")
    return Duration(value)


def _parse_big(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise GraphQLError('A BigInt is a whole number written as text, such as "90071992547409931".')


def _parse_json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return value_from_ast_untyped(node, variables)


SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A point in time: RFC 3339 with offset; answers are in UTC, with milliseconds or finer.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=write_time,
        parse_value=_parse_time,
    ),
    Duration: strawberry.scalar(
        name="Duration",
        description=("A span of time: ISO 8601 duration without fractions, for example P30D or PT15M. At most P10Y."),
        specified_by_url="https://www.iso.org/iso-8601-date-and-time-format.html",
        serialize=str,
        parse_value=_parse_duration,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value. Objects that are recorded have at most 500 keys, 10 levels and 32 KiB.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,
        parse_literal=_parse_json_literal,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description='A whole number beyond 32 bits, written as a string: "90071992547409931".',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-6",
        serialize=str,
        parse_value=_parse_big,
    ),
}
"""Python type -> scalar, for the schema's configuration."""
