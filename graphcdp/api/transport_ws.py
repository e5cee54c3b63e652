"""The protocol graphql-transport-ws: what a client's message says, and with which code a socket is closed. Pure."""

from dataclasses import dataclass
from typing import Any

from graphcdp.api.answers import UnreadableError, read_json, to_bytes

PROTOCOL = "graphql-transport-ws"

NORMAL = 1000
TRY_LATER = 1013
BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
INIT_TIMEOUT = 4408
ALREADY_EXISTS = 4409
TOO_MANY_INITS = 4429

REASON_BYTES_MAX = 120
ID_LENGTH_MAX = 128


class ProtocolError(Exception):
    """A message that the protocol does not allow; the socket is closed with this code."""

    def __init__(self, message: str, code: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Init:
    """Who is there. authorization: as in the header of that name; None when it is not said here."""

    authorization: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """An operation, under an id of the client's. payload: as the body of a request by POST."""

    id: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Complete:
    """The operation of this id is not wanted any more."""

    id: str


ClientMessage = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str | None) -> ClientMessage:
    """The message that a client sent; text: None when it was binary. Raises ProtocolError."""
    if text is None:
        raise ProtocolError("Messages must be text.")
    try:
        given = read_json(text.encode("utf-8", "surrogatepass"))
    except UnreadableError as error:
        raise ProtocolError(f"The message cannot be read: {error}.") from error
    if not isinstance(given, dict):
        raise ProtocolError("A message must be an object.")
    payload = given.get("payload")
    if not isinstance(payload, dict | None):
        raise ProtocolError("`payload` must be an object.")
    match given.get("type"):
        case "connection_init":
            return Init(_authorization(payload or {}))
        case "ping":
            return Ping()
        case "pong":
            return Pong()
        case "subscribe":
            if payload is None:
                raise ProtocolError("`payload` must be an object with `query`.")
            return Subscribe(_id(given), payload)
        case "complete":
            return Complete(_id(given))
    raise ProtocolError("The message is of no type that clients send.")


def message_text(kind: str, operation_id: str | None = None, payload: Any = None) -> str:
    """A message to a client. Raises AnswerTooLargeError."""
    message: dict[str, Any] = {"type": kind}
    if operation_id is not None:
        message["id"] = operation_id
    if payload is not None:
        message["payload"] = payload
    return to_bytes(message).decode()


def close_reason(text: str) -> str:
    """A text as the reason of a close, which has few bytes."""
    return text.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


def _authorization(payload: dict[str, Any]) -> str | None:
    for name, value in payload.items():
        if name.lower() == "authorization" and value is not None:
            if not isinstance(value, str):
                raise ProtocolError("`authorization` must be text, `Bearer <key or token>`.")
            return value
    return None


def _id(given: dict[str, Any]) -> str:
    found = given.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= ID_LENGTH_MAX:
        raise ProtocolError(f"`id` must be text of 1 to {ID_LENGTH_MAX} characters.")
    return found
