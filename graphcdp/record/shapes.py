"""The shape of a message: names of fields and types of values, never a value. Pure. Source: docs/sources.md, rule 4.

So nothing of a person stays in it, and erasing has nothing to look for there.
Names that could say who somebody is are hidden: those that hold an identifier
of the message or many digits, those that look like an address, and those that
are no names.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from graphcdp.model.messages import Message, MessageType, RawMessage
from graphcdp.model.personal import is_personal_text

NAMES_MAX = 30
"""Of one object."""
LEVELS_MAX = 5
BYTES_MAX = 2048
HIDDEN = "***"
MORE = "..."
"""Stands where there are more names, or more levels."""

_NAME = re.compile(r"[^\W\d][\w .:$/-]{0,79}")
_NUMBERED = re.compile(r"\d{5}")
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
_KNOWN_TYPES = (*MessageType, "page", "screen", "group")
_OBJECTS = ("properties", "context", "traits")
_IDS = ("userId", "anonymousId", "previousId", "groupId")
_IDENTIFIER_LENGTH_MIN = 3
"""Shorter ones stand in many names by chance."""


def shape_of_message(message: Message) -> str:
    """The shape of a message that was recorded, as JSON text: with type, event name and kinds of identifiers."""
    told: dict[str, Any] = {"type": message.type.value}
    if message.type is MessageType.TRACK:
        told["name"] = message.name
    told["identifiers"] = sorted({claim.kind for claim in message.identifiers})
    given = {name: value for name in _OBJECTS if (value := getattr(message, name))}
    return _text(told, given, [claim.value for claim in message.identifiers])


def shape_of_raw(raw: RawMessage) -> str:
    """The shape of a message that was refused, as JSON text; of what came, where that could be no message."""
    sent = raw["sent"] if "unfit" in raw and "sent" in raw else raw
    if not isinstance(sent, dict):
        return _dumped({"sent": _shape(sent, (), 1)})
    given = {name: value for name, value in sent.items() if name != "unfit" and value is not None}
    told = {"type": str(given.pop("type"))} if given.get("type") in _KNOWN_TYPES else {}
    claims = given.get("identifiers")
    listed = claims if isinstance(claims, list | tuple) else ()
    claimed = [claim[-1] for claim in listed if isinstance(claim, list | tuple) and claim]
    return _text(told, given, [*claimed, *(given.get(name) for name in _IDS)])


def _text(told: Mapping[str, Any], given: Mapping[str, Any], identifiers: Iterable[Any]) -> str:
    known = tuple(one for one in identifiers if isinstance(one, str) and len(one) >= _IDENTIFIER_LENGTH_MIN)
    for levels in range(LEVELS_MAX, 0, -1):
        text = _dumped({**told, **_names(given, known, levels)})
        if len(text.encode()) <= BYTES_MAX:
            return text
    return _dumped({**told, MORE: MORE})


def _shape(value: Any, known: tuple[str, ...], levels: int) -> Any:
    if isinstance(value, dict | list | tuple) and value and not levels:
        return MORE
    if isinstance(value, list | tuple):
        return [_shape(value[0], known, levels - 1)] if value else []
    if isinstance(value, dict):
        return _names(value, known, levels)
    return _TYPES.get(type(value), "string")


def _names(value: Mapping[Any, Any], known: tuple[str, ...], levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if len(found) == NAMES_MAX:
            found[MORE] = MORE
            break
        found[_shown(name, known)] = _shape(inner, known, levels - 1)
    return found


def _shown(name: Any, known: tuple[str, ...]) -> str:
    told = str(name)
    is_name = _NAME.fullmatch(told) and not _NUMBERED.search(told) and not is_personal_text(told)
    return told if is_name and not any(one in told for one in known) else HIDDEN


def _dumped(value: Any) -> str:
    return orjson.dumps(value).decode()
