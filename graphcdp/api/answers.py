"""Requests and answers as bytes."""

import json
from typing import Any

import orjson
from graphql import GraphQLError
from strawberry.types import ExecutionResult

from graphcdp.api.scalars import JsonText

ANSWER_BYTES_MAX = 16 * 1024 * 1024
JSON_DEPTH_MAX = 200
"""Levels of a request's JSON: above the limit of what is recorded, which is refused message by message."""


class UnreadableError(ValueError):
    """Bytes that are no JSON that can be worked with; the message says why."""


class AnswerTooLargeError(Exception):
    """An answer of more bytes than may be sent; the message says so to the caller."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(
            f"The answer is larger than {bytes_max} bytes: ask for smaller pages or fewer fields. What a mutation "
            "wrote is written."
        )


def read_json(body: bytes) -> Any:
    """The JSON value of these bytes. Raises UnreadableError."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = _read_half_characters(body, error)
    if body.count(b"{") + body.count(b"[") > JSON_DEPTH_MAX and _too_deep(value):
        raise UnreadableError(f"the JSON is nested deeper than {JSON_DEPTH_MAX} levels")
    return value


def answer_of(result: ExecutionResult) -> dict[str, Any]:
    """The answer to an operation; JSON text in it is not parsed yet, so encode it with `to_bytes`.

    It has no `data` when the operation did not begin: then no error has a path.
    """
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        if result.data is None and all(error.path is None for error in result.errors):
            del answer["data"]
        answer["errors"] = [error.formatted for error in result.errors]
    return answer


def failure_of(message: str, code: str) -> dict[str, Any]:
    """The answer to a request that is no operation."""
    return {"errors": [GraphQLError(message, extensions={"code": code}).formatted]}


def to_bytes(answer: dict[str, Any], *, bytes_max: int = ANSWER_BYTES_MAX) -> bytes:
    """The answer as JSON; text that is JSON already is put in word for word.

    Raises AnswerTooLargeError when it has more bytes than that, before all of it is put together.
    """
    spliced = 0

    def splice(value: Any) -> Any:
        nonlocal spliced
        if not isinstance(value, JsonText):
            raise TypeError(f"{type(value).__name__} has no JSON form")
        spliced += len(value.text)
        if spliced > bytes_max:
            raise TypeError("too large")
        return orjson.Fragment(value.text)

    try:
        body = orjson.dumps(answer, default=splice)
    except orjson.JSONEncodeError:
        if spliced > bytes_max:
            raise AnswerTooLargeError(bytes_max) from None
        # Half of a character pair, which an error message quotes: it can be written as an escape only.
        body = json.dumps(answer, default=_parsed, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > bytes_max:
        raise AnswerTooLargeError(bytes_max)
    return body


def _parsed(value: Any) -> Any:
    if isinstance(value, JsonText):
        return value.parsed()
    if isinstance(value, orjson.Fragment):
        return orjson.loads(orjson.dumps(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _read_half_characters(body: bytes, error: orjson.JSONDecodeError) -> Any:
    """The value of JSON with an escaped half of a character pair, which JSON allows.

    It is let in so that the message that holds it is refused, not the whole batch.
    """
    unreadable = UnreadableError(f"the body is no JSON: {error}")
    if b"\\ud" not in body.lower():
        raise unreadable from error
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise unreadable from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(JSON_DEPTH_MAX):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return False
    return True
