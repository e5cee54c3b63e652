"""What the context of an event says about the device that it came from.

Read as SDKs write it: `os: {name, version}` or a text, `device: {type, model,
manufacturer}` or a text, `app: {name, version}` or a text, `platform`,
`browser: {name, version}` or a text, and `userAgent` or `page` of a browser.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

TEXT_LENGTH_MAX = 200
SUBJECTS_MAX = 10
EVENTS_MAX = 20
CONTEXTS_MAX = 10
"""What is read to learn about a device: identifiers that evidence ties to it, events of each, contexts in all."""


class Platform(StrEnum):
    """What a device is."""

    WEB = "WEB"
    IOS = "IOS"
    ANDROID = "ANDROID"
    TV = "TV"
    SERVER = "SERVER"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class DeviceTold:
    """platform: None when nothing tells it. attributes: texts by name, only those that are known."""

    platform: Platform | None
    attributes: Mapping[str, str]


_WORDS = {
    Platform.TV: ("tv", "appletv", "tvos", "androidtv", "tizen", "webos", "roku", "firetv", "chromecast"),
    Platform.IOS: ("ios", "ipados", "iphone", "ipad"),
    Platform.ANDROID: ("android",),
    Platform.WEB: ("web", "browser", "js", "javascript"),
    Platform.SERVER: ("server", "backend"),
}
_PLATFORM_BY_WORD = {word: platform for platform, words in _WORDS.items() for word in words}
_PARTS = (
    ("model", "device", "model"),
    ("manufacturer", "device", "manufacturer"),
    ("type", "device", "type"),
    ("os", "os", "name"),
    ("osVersion", "os", "version"),
    ("browser", "browser", "name"),
    ("browserVersion", "browser", "version"),
    ("app", "app", "name"),
    ("appVersion", "app", "version"),
)
_PLAIN = {"os": "os", "device": "model", "browser": "browser", "app": "app"}
"""What a text in place of an object stands for."""


def device_told(contexts: Iterable[str]) -> DeviceTold:
    """What contexts, JSON texts from the latest on, say of one device: all from the first that says something."""
    for text in contexts:
        context = orjson.loads(text)
        if isinstance(context, dict):
            told = DeviceTold(_platform(context), _attributes(context))
            if told.platform is not None or told.attributes:
                return told
    return DeviceTold(None, {})


def _attributes(context: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, part, key in _PARTS:
        given = context.get(part)
        value = given.get(key) if isinstance(given, dict) else given if _PLAIN[part] == name else None
        # Versions are numbers at some senders.
        text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if text:
            found[name] = text[:TEXT_LENGTH_MAX]
    return found


def _platform(context: Mapping[str, Any]) -> Platform | None:
    attributes = _attributes(context)
    said = [_word(context.get("platform")), _word(attributes.get("type")), _word(attributes.get("os"))]
    # A browser on a phone is the web, so a page tells more than the system; apps send user agents too.
    if context.get("page") or context.get("browser"):
        said.insert(2, "web")
    if context.get("userAgent"):
        said.append("web")
    known = (_PLATFORM_BY_WORD[word] for word in said if word in _PLATFORM_BY_WORD)
    return next(known, Platform.OTHER if any(said) else None)


def _word(given: object) -> str:
    return "".join(filter(str.isalnum, given.lower())) if isinstance(given, str) else ""
