"""The SDKs' wire format -> raw messages. Pure.

An object has `messageId`, `type`, `timestamp`, `userId` and `anonymousId`; with
`event` and `properties` (track), `name` and `properties` (page, screen),
`traits` (identify), `previousId` (alias); and `context`. Names that are not
used here are left out.
"""

from typing import Any

from graphcdp.model.identifiers import ANONYMOUS, DEVICE, EMAIL, PHONE, USER
from graphcdp.model.messages import MessageType, RawMessage

TYPES = ("track", "identify", "alias", "page", "screen")
_VIEWED = {"page": "Page Viewed", "screen": "Screen Viewed"}


def message_of(sent: dict[str, Any], *, source: str) -> RawMessage:
    """The raw message that a sent object stands for; without `id` and `at` when it has none.

    An identify's traits `email` and `phone` are identifiers too, and so is
    `context.device.id`. A page or screen is an event `Page Viewed` or `Screen
    Viewed` with its name among the properties. Raises ValueError with the
    reason when the object is of no known type.
    """
    type_ = sent.get("type") or ("track" if sent.get("event") else None)
    if type_ not in TYPES:
        raise ValueError(f"type is {type_!r}; types are {', '.join(TYPES)}")
    message: RawMessage = {
        "type": MessageType.TRACK if type_ in _VIEWED else MessageType(type_),
        "identifiers": _identifiers(sent, type_),
        "source": source,
    }
    if type_ in _VIEWED:
        named = {"name": sent["name"]} if sent.get("name") else {}
        message |= {"name": _VIEWED[type_], "properties": {**named, **_object(sent, "properties")}}
    elif type_ == "track":
        message |= {"name": sent.get("event") or "", "properties": sent.get("properties")}
    elif type_ == "identify":
        message["traits"] = sent.get("traits")
    for name, field in (("messageId", "id"), ("timestamp", "at"), ("context", "context")):
        if sent.get(name) is not None:
            message[field] = sent[name]
    return message


def _identifiers(sent: dict[str, Any], type_: str) -> list[tuple[str, Any]]:
    traits = _object(sent, "traits") if type_ == "identify" else {}
    device = _object(_object(sent, "context"), "device")
    given = [
        (USER, sent.get("userId")),
        (ANONYMOUS, sent.get("anonymousId")),
        (ANONYMOUS, sent.get("previousId") if type_ == "alias" else None),
        (EMAIL, traits.get("email")),
        (PHONE, traits.get("phone")),
        (DEVICE, device.get("id")),
    ]
    # Ids are numbers at some senders; anything else stays as it is and is refused by the shape's check.
    return [
        (kind, str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
        for kind, value in given
        if value is not None and value != ""
    ]


def _object(sent: dict[str, Any], name: str) -> dict[str, Any]:
    value = sent.get(name)
    return value if isinstance(value, dict) else {}
