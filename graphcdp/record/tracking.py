"""The SDKs' wire format -> raw messages. Pure. Source: docs/tracking.md.

An object has `messageId`, `type`, `timestamp`, `userId` and `anonymousId`; with
`event` and `properties` (track), `name`, `category` and `properties` (page,
screen), `traits` (identify), `groupId` and `traits` (group), `previousId`
(alias); and `context`. Names that are not used here are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from graphcdp.model.identifiers import ANONYMOUS, DEVICE, EMAIL, PHONE, USER
from graphcdp.model.messages import MessageType, RawMessage
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.record.user_agents import agent_told

TYPES = ("track", "identify", "alias", "page", "screen", "group")
MESSAGE_BYTES_MAX = 32 * 1024
ON_THE_WAY = timedelta(seconds=1)
"""A message takes so long to come in without any clock being wrong."""

_VIEWED = {"page": "Page Viewed", "screen": "Screen Viewed"}
_JOINED = "Group"
_UTM = {"name": "utm_campaign", **{part: f"utm_{part}" for part in ("source", "medium", "term", "content")}}
_TEXT_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class Arrival:
    """How messages came in.

    at: the server's time, UTC. sent_at: the sender's time when it sent them, as
    it wrote it; None when it did not. keeps_ip: whether addresses are kept. ip:
    where they came from, for messages of browsers and apps that name none.
    """

    at: datetime
    sent_at: Any = None
    keeps_ip: bool = True
    ip: str | None = None


def message_of(sent: dict[str, Any], *, source: str, arrival: Arrival | None = None) -> RawMessage:
    """The raw message that a sent object stands for; without `id` and `at` when it has none.

    arrival: None for what was kept in a file, whose times stand as they are.
    Traits `email` and `phone` are identifiers too, and so is `context.device.id`.
    A page or screen is an event `Page Viewed` or `Screen Viewed` with its name
    among the properties; a group is an event `Group` with the group's traits.
    Raises ValueError with the reason when the object is of no known type.
    """
    type_ = sent.get("type") or ("track" if sent.get("event") else None)
    if type_ not in TYPES:
        raise ValueError(f"type is {type_!r}; types are {', '.join(TYPES)}")
    given = _object(sent, "context")
    # Of whom the message is about: a group's traits are not the customer's.
    traits = {**_object(given, "traits"), **(_object(sent, "traits") if type_ == "identify" else {})}
    is_event = type_ not in ("identify", "alias")
    message: RawMessage = {
        "type": MessageType.TRACK if is_event else MessageType(type_),
        "identifiers": _identifiers(sent, type_, given, traits),
        "source": source,
    }
    if is_event:
        context = _context(sent, given, arrival)
        message |= {"name": _name(sent, type_), "properties": _properties(sent, type_, context)}
        if context or sent.get("context") is not None:
            message["context"] = context if isinstance(sent.get("context"), dict | None) else sent["context"]
    if type_ == "identify" and not isinstance(sent.get("traits"), dict | None):
        message["traits"] = sent["traits"]
    elif traits and type_ != "alias":
        message["traits"] = traits
    at = _at(sent, arrival)
    for name, value in (("id", sent.get("messageId")), ("at", at)):
        if value is not None:
            message[name] = value
    return message


def is_tracking_format(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether most objects read as messages in this format, and name whom they are of as it does."""
    fit = sum(
        (row.get("type") in TYPES or isinstance(row.get("event"), str))
        and not {"userId", "anonymousId", "messageId"}.isdisjoint(row)
        for row in rows
    )
    return fit > len(rows) / 2


def kept_message(sent: Any, *, source: str, arrival: Arrival) -> RawMessage:
    """The raw message of anything that came in; what cannot be one becomes a message that is refused, and kept.

    Such a one has `sent`, what came, and `received`, when, so that it can be read again later.
    """
    problem = _unfit(sent)
    if problem is None:
        try:
            return message_of(sent, source=source, arrival=arrival)
        except ValueError as error:
            problem = Problem(
                ProblemCode.INVALID,
                f"{error}. Send one of these as `type`.",
                ("type",),
                expected=f"one of {', '.join(TYPES)}",
            )
    told_id = sent.get("messageId") if isinstance(sent, dict) else None
    return {
        **({"id": told_id} if isinstance(told_id, str) and told_id else {}),
        "source": source,
        "unfit": problem,
        "sent": sent if arrival.keeps_ip else _without_ip(sent),
        "received": arrival.at.isoformat(),
    }


def _unfit(sent: Any) -> Problem | None:
    if not isinstance(sent, dict):
        return Problem(ProblemCode.INVALID, f"A message must be a JSON object, not {type(sent).__name__}.")
    try:
        size = len(orjson.dumps(sent))
    except TypeError:
        # Half of a character pair, or the like: the shape's check says where.
        return None
    if size <= MESSAGE_BYTES_MAX:
        return None
    return Problem(
        ProblemCode.LIMIT,
        f"The message is too large: it has {size} bytes, the most is {MESSAGE_BYTES_MAX}. Send less, or several.",
        limit=MESSAGE_BYTES_MAX,
        actual=size,
    )


def _without_ip(sent: Any) -> Any:
    if not isinstance(sent, dict) or not isinstance(sent.get("context"), dict):
        return sent
    return {**sent, "context": {name: value for name, value in sent["context"].items() if name != "ip"}}


def _identifiers(
    sent: Mapping[str, Any], type_: str, context: Mapping[str, Any], traits: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    given = [
        (USER, sent.get("userId")),
        (ANONYMOUS, sent.get("anonymousId")),
        _former(sent) if type_ == "alias" else (ANONYMOUS, None),
        (EMAIL, traits.get("email")),
        (PHONE, traits.get("phone")),
        (DEVICE, _object(context, "device").get("id")),
    ]
    # Ids are numbers at some senders; anything else stays as it is and is refused by the shape's check.
    named = [
        (kind, str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
        for kind, value in given
        if value is not None and value != ""
    ]
    found: list[tuple[str, Any]] = []
    for claim in named:
        # An alias of a browser may name one id twice.
        if claim not in found:
            found.append(claim)
    return found


def _former(sent: Mapping[str, Any]) -> tuple[str, Any]:
    """The id that an alias gives up, with its kind."""
    former, anonymous = sent.get("previousId"), sent.get("anonymousId")
    # Browsers say their anonymous id beside it, so another one is a user id; they send the new one when they know none.
    return (ANONYMOUS if anonymous is None or former == anonymous else USER), former


def _name(sent: Mapping[str, Any], type_: str) -> Any:
    if type_ == "group":
        return _JOINED
    return _VIEWED.get(type_) or sent.get("event") or ""


def _properties(sent: Mapping[str, Any], type_: str, context: Mapping[str, Any]) -> Any:
    """The event's properties; the sender's own win over what its context tells."""
    given = sent.get("traits" if type_ == "group" else "properties")
    if not isinstance(given, dict | None):
        return given
    named = {
        "page": ("name", "category"),
        "screen": ("name", "category"),
        "group": ("groupId",),
    }.get(type_, ())
    own = {name: sent[name] for name in named if sent.get(name)}
    return {**_told(context), **own, **(given or {})}


def _told(context: Mapping[str, Any]) -> dict[str, str]:
    """What a context tells that events are chosen and counted by."""
    page = _object(context, "page")
    given = {
        **_campaign(context, page),
        "page_path": page.get("path"),
        "page_referrer": page.get("referrer"),
        "locale": context.get("locale"),
        "browser": _object(context, "browser").get("name"),
        "os": _object(context, "os").get("name"),
        "device_type": _object(context, "device").get("type"),
    }
    return {name: value[:_TEXT_LENGTH_MAX] for name, value in given.items() if isinstance(value, str) and value}


def _campaign(context: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    campaign = _object(context, "campaign")
    if campaign:
        return {name: campaign.get(part) for part, name in _UTM.items()}
    search, url = page.get("search"), page.get("url")
    if not search and isinstance(url, str):
        try:
            search = urlsplit(url).query
        except ValueError:
            return {}
    if not isinstance(search, str) or "utm_" not in search:
        return {}
    asked = dict(parse_qsl(search[:2000].removeprefix("?")))
    return {name: asked.get(name) for name in _UTM.values()}


def _context(sent: Mapping[str, Any], given: Mapping[str, Any], arrival: Arrival | None) -> dict[str, Any]:
    """The context as it is kept: without traits, with what the user agent says and where the message may go."""
    context = {name: value for name, value in given.items() if name != "traits"}
    agent = context.get("userAgent")
    if isinstance(agent, str) and agent:
        for name, told in agent_told(agent).items():
            if name == "browser" and context.get("app"):
                # What an app shows pages with.
                continue
            # An app knows itself better than its user agent does.
            stated = context.setdefault(name, told)
            if name == "device" and isinstance(stated, dict):
                context[name] = {**told, **{key: value for key, value in stated.items() if value is not None}}
    if arrival is not None:
        if not arrival.keeps_ip:
            context.pop("ip", None)
        elif arrival.ip is not None and not context.get("ip") and ("userAgent" in context or "device" in context):
            context["ip"] = arrival.ip
    for name in ("integrations", "channel"):
        if sent.get(name):
            context.setdefault(name, sent[name])
    return context


def _at(sent: Mapping[str, Any], arrival: Arrival | None) -> Any:
    """When it happened: by the server's clock where the message tells how far the sender's is off, else as it says."""
    told, original = sent.get("timestamp"), sent.get("originalTimestamp")
    if told is not None and original is not None:
        # Both: somebody corrected it before it came here.
        return told
    happened = original if told is None else told
    sent_at = sent.get("sentAt") or (arrival.sent_at if arrival is not None else None)
    if arrival is None or not isinstance(happened, str) or not isinstance(sent_at, str):
        return happened
    try:
        ahead = _time(sent_at) - arrival.at
        return happened if abs(ahead) <= ON_THE_WAY else _time(happened) - ahead
    except (ValueError, OverflowError):
        return happened


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _object(sent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = sent.get(name)
    return value if isinstance(value, dict) else {}
