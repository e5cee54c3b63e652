"""Raw messages -> messages in the right shape, or what is wrong with them. Pure: time is an argument."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from graphcdp.model.messages import (
    AHEAD_MAX_H,
    BYTES_MAX,
    DEPTH_MAX,
    EARLIEST,
    KEYS_MAX,
    Message,
    MessageType,
    RawMessage,
)
from graphcdp.model.problems import Problem, ProblemCode

_OBJECTS = ("properties", "context", "traits")
_TIMES_EXPECTED = f"RFC 3339, from {EARLIEST.year} to {AHEAD_MAX_H} hours ahead"


def take(raw: RawMessage, *, now: datetime, made_id: str) -> Message | tuple[Problem, ...]:
    """The message in its right shape, or all that is wrong with it.

    now: UTC; the time of a message that names none. made_id: the id of a message that brings none.
    """
    if isinstance(unfit := raw.get("unfit"), Problem):
        return (unfit,)
    given = {name: value for name, value in raw.items() if value is not None}
    try:
        message = Message.model_validate({"id": made_id, "at": now, **given})
    except ValidationError as error:
        return tuple(_problem(detail) for detail in error.errors(include_url=False))
    problems = _about_time(message, now) + _about_name(message) + _about_text(message)
    for name in _OBJECTS:
        if value := getattr(message, name):
            problems += _about_object(name, value)
    if problems:
        return tuple(problems)
    if message.at.tzinfo is UTC and message.name == message.name.strip():
        return message
    return message.model_copy(update={"at": _in_utc(message.at), "name": message.name.strip()})


def _problem(detail: ErrorDetails) -> Problem:
    path = tuple(str(part) for part in detail["loc"])
    where = ".".join(path) or "the message"
    limit = (detail.get("ctx") or {}).get("max_length")
    if limit is not None:
        actual = (detail.get("ctx") or {}).get("actual_length") or _length(detail["input"])
        return Problem(
            ProblemCode.LIMIT,
            f"{where} is too long: it has {actual}, the most is {limit}. Shorten it or send it in parts.",
            path,
            limit=limit,
            actual=actual,
        )
    return Problem(ProblemCode.INVALID, f"{where} is not usable: {detail['msg']}.", path, expected=detail["msg"])


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def _in_utc(time: datetime) -> datetime:
    """The time in UTC; one without a zone is read as UTC. Raises OverflowError at the calendar's ends."""
    if time.tzinfo is UTC:
        return time
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _about_time(message: Message, now: datetime) -> list[Problem]:
    try:
        at = _in_utc(message.at)
    except OverflowError:
        return [Problem(ProblemCode.INVALID, "at lies outside the calendar.", ("at",), expected=_TIMES_EXPECTED)]
    if at > now and at > now + timedelta(hours=AHEAD_MAX_H):
        return [
            Problem(
                ProblemCode.INVALID,
                f"at lies in the future: {at.isoformat()} is more than {AHEAD_MAX_H} hours after the server's "
                f"{now.isoformat(timespec='seconds')}. Check the sender's clock and its unit (seconds, milliseconds).",
                ("at",),
                expected=_TIMES_EXPECTED,
            )
        ]
    if at < EARLIEST:
        return [
            Problem(
                ProblemCode.INVALID,
                f"at lies too far back: {at.isoformat()} is before {EARLIEST.year}. Check its format and unit.",
                ("at",),
                expected=_TIMES_EXPECTED,
            )
        ]
    return []


def _about_name(message: Message) -> list[Problem]:
    if message.type is MessageType.TRACK and not message.name.strip():
        return [
            Problem(
                ProblemCode.INVALID,
                "name is missing: an event needs one, such as 'Order Completed'.",
                ("name",),
                expected="1 to 200 characters",
            )
        ]
    return []


def _about_text(message: Message) -> list[Problem]:
    for field, text in (("id", message.id), ("name", message.name), ("source", message.source)):
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return [_half_a_character(field)]
    return []


def _half_a_character(field: str) -> Problem:
    return Problem(
        ProblemCode.INVALID,
        f"{field} holds half of a character pair (a lone surrogate): send well-formed Unicode.",
        (field,),
        expected="well-formed Unicode",
    )


def _about_object(name: str, value: dict[str, Any]) -> list[Problem]:
    depth, keys = measured(value)
    if depth > DEPTH_MAX:
        return [_too_much(name, "levels", DEPTH_MAX, depth)]
    if keys > KEYS_MAX:
        return [_too_much(name, "keys", KEYS_MAX, keys)]
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:
        if "surrogate" in str(error) or "UTF-8" in str(error):
            return [_half_a_character(name)]
        return [Problem(ProblemCode.INVALID, f"{name} holds a value that JSON lacks: {error}.", (name,))]
    if size > BYTES_MAX:
        return [_too_much(name, "bytes", BYTES_MAX, size)]
    return []


def _too_much(name: str, unit: str, limit: int, actual: int) -> Problem:
    return Problem(
        ProblemCode.LIMIT,
        f"{name} is too large: more than {limit} {unit}. Send less, or split it over several events.",
        (name,),
        limit=limit,
        actual=actual,
    )


def measured(value: Any) -> tuple[int, int]:
    """Levels (at most one above the limit, where the search ends) and keys of a JSON value."""
    depth, keys = 0, 0
    level = [value]
    while level and depth <= DEPTH_MAX:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                keys += len(item)
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = [item for item in inner if isinstance(item, dict | list)]
        depth += 1
    return depth, keys
