"""A record's value -> a raw message; a message -> key and value. Pure. Source: docs/streams.md."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from graphcdp.model.identifiers import ANONYMOUS, DEVICE, EMAIL, PHONE, USER, Claim
from graphcdp.model.messages import SOURCE_LENGTH_MAX, RawMessage
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.record.tracking import Arrival, kept_message
from graphcdp.resolve.clean import Cleaner
from graphcdp.resolve.rules import IdentityRules

KEPT_LENGTH_MAX = 1024 * 1024
"""Of a text that is no JSON, in characters."""

_TOPIC_LENGTH_MAX = 120
_ID_NAMES = ("id", "eventId", "messageId")
_KIND_BY_NAME = {"userId": USER, "email": EMAIL, "phone": PHONE, "deviceId": DEVICE, "anonymousId": ANONYMOUS}


class Wire(StrEnum):
    """How the values of records are written."""

    GRAPHCDP = "graphcdp"  # a message of ours
    SEGMENT = "segment"  # what Segment's SDKs send


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands. at: the record's own time, UTC; None when the broker keeps none."""

    topic: str
    partition: int
    offset: int
    at: datetime | None

    @property
    def message_id(self) -> str:
        """The id of a message that brings none: the same each time the record is read, another one for any other.

        The record's time tells apart what a topic held before it was deleted and made again.
        """
        topic = self.topic
        if len(topic) > _TOPIC_LENGTH_MAX:
            topic = hashlib.sha256(topic.encode()).hexdigest()
        time_ms = 0 if self.at is None else round(self.at.timestamp() * 1000)
        return f"kafka-{topic}-{self.partition}-{self.offset}-{time_ms}"


def message_of_record(
    value: bytes, place: Place, *, wire: Wire, source: str | None, keeps_ip: bool, now: datetime
) -> RawMessage:
    """The raw message that a record stands for; what cannot be one becomes a message that is refused, and kept.

    source: of every message; None: what the message says, else the topic. now: UTC, for a record without a time.
    """
    received = place.at or now
    named = (source or place.topic)[:SOURCE_LENGTH_MAX]
    try:
        sent = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        text = value.decode(errors="replace")[:KEPT_LENGTH_MAX]
        return _unreadable(place, named, text, received, f"The record is no JSON: {error}.")
    if not isinstance(sent, dict):
        reason = f"A message must be a JSON object, not {type(sent).__name__}."
        return _unreadable(place, named, sent, received, reason)
    if wire is Wire.SEGMENT:
        # As in files, times stand: a stream may be read, or written again, long after they were told.
        told = {name: item for name, item in sent.items() if name not in ("sentAt", "writeKey")}
        raw = kept_message(told, source=named, arrival=Arrival(received, keeps_ip=keeps_ip))
    else:
        raw = _own(sent)
        raw["source"] = source or raw.get("source") or named
    if not raw.get("id"):
        raw["id"] = place.message_id
    if place.at is not None and raw.get("at") is None and "unfit" not in raw:
        raw["at"] = place.at
    return raw


def _unreadable(place: Place, source: str, sent: Any, received: datetime, reason: str) -> RawMessage:
    problem = Problem(ProblemCode.INVALID, reason, expected="a JSON object")
    return {
        "id": place.message_id,
        "source": source,
        "unfit": problem,
        "sent": sent,
        "received": received.isoformat(),
    }


def _own(sent: dict[str, Any]) -> RawMessage:
    """The raw message that an object of ours spells; names that are none are left to the shape's check."""
    raw: RawMessage = {name: value for name, value in sent.items() if name not in _ID_NAMES}
    given = next((sent[name] for name in _ID_NAMES if sent.get(name) is not None), None)
    if given is not None:
        raw["id"] = str(given) if _is_whole(given) else given
    claims = sent.get("identifiers")
    if isinstance(claims, list):
        raw["identifiers"] = [_claim(one) for one in claims]
    return raw


def _claim(given: Any) -> Any:
    """[kind, value] of `{"kind", "value"}`, `{"userId": …}`, `{"other": {…}}` or a pair; all else as it is."""
    if isinstance(given, dict):
        if isinstance(given.get("other"), dict):
            given = given["other"]
        if given.keys() == {"kind", "value"}:
            given = [given["kind"], given["value"]]
        elif len(given) == 1 and (name := next(iter(given))) in _KIND_BY_NAME:
            given = [_KIND_BY_NAME[name], given[name]]
    if isinstance(given, list) and len(given) == 2 and _is_whole(given[1]):
        return [given[0], str(given[1])]
    return given


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def partition_key(message: RawMessage, rules: IdentityRules) -> str | None:
    """`kind:value` of the message's highest-priority identifier, in normal form; None when it names no usable one.

    Records with one key are in one partition, so that they are read in the order in which they were written.
    """
    claims = [Claim(*claim) for claim in message.get("identifiers") or () if _is_pair(claim)]
    usable = Cleaner(rules).clean(claims).identifiers
    return usable[0].key if usable else None


def _is_pair(claim: Any) -> bool:
    return isinstance(claim, list | tuple) and len(claim) == 2 and all(isinstance(part, str) for part in claim)


def value_of(message: RawMessage) -> bytes:
    """The message as a record's value, in our own form, one that `message_of_record` reads back."""
    claims = [{"kind": kind, "value": value} for kind, value in message.get("identifiers") or ()]
    return orjson.dumps({**message, "identifiers": claims})


def time_of(milliseconds: int | None) -> datetime | None:
    """A record's time, UTC; None for one that has none."""
    if milliseconds is None or milliseconds < 0:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
