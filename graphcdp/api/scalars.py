"""Scalars of the API, and the Python types that stand for them.

DateTime   datetime with an offset; in answers always UTC
Duration   str, checked
JSON       any JSON value; JsonText is one that is already text
BigInt     int
"""

import re
from datetime import datetime
from typing import Any, NewType, TypeAlias

import orjson
import strawberry
from graphql import GraphQLError
from graphql.language import ValueNode
from graphql.utilities import value_from_ast_untyped

from graphcdp.model.times import duration_parts, time_of, time_text

DateTime: TypeAlias = datetime
Duration = NewType("Duration", str)
JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)

DATE_LENGTH = len("2026-01-31")


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
    """The time that RFC 3339 text states, in UTC; None when it states none, or a day only."""
    return time_of(text) if len(text) > DATE_LENGTH else None


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


def _parse_time(value: Any) -> datetime | UnreadableTime:
    if not isinstance(value, str):
        raise GraphQLError("A DateTime is text such as 2026-01-31T09:30:00Z.")
    return read_time(value) or UnreadableTime(value)


def _parse_duration(value: Any) -> Duration:
    try:
        if isinstance(value, str):
            duration_parts(value)
            return Duration(value)
    except ValueError:
        pass
    raise GraphQLError(
        "A Duration is ISO 8601 text without fractions, longer than none and at most P10Y, such as P30D or PT15M."
    )


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
        serialize=time_text,
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
