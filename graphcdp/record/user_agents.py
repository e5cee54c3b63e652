"""What a browser's user agent text says of browser, system and device. Pure; the patterns are ua-parser's."""

from typing import Any

from ua_parser import parse

USER_AGENT_LENGTH_MAX = 512
"""What lies beyond is not looked at: the patterns' time grows with the text."""

_DESKTOPS = frozenset(("Windows", "Mac OS X", "Linux", "Ubuntu", "Debian", "Fedora", "Chrome OS", "FreeBSD"))
_SYSTEM_OF_TV = ("TV", "Tizen", "webOS", "Roku")


def agent_told(user_agent: str) -> dict[str, Any]:
    """`browser` and `os`, each `{name, version}`, and `device`, `{type, model, manufacturer}`.

    What is unknown is left out. The type is one of phone, tablet, desktop, tv, bot.
    """
    text = user_agent[:USER_AGENT_LENGTH_MAX]
    found = parse(text)
    told: dict[str, Any] = {}
    if found.user_agent is not None:
        told["browser"] = _named(found.user_agent.family, found.user_agent.major, found.user_agent.minor)
    if found.os is not None:
        told["os"] = _named(found.os.family, found.os.major, found.os.minor)
    model = found.device.model if found.device is not None else None
    system = found.os.family if found.os is not None else ""
    family = found.device.family if found.device is not None else ""
    device = {
        "type": _type(system, family, model or "", text),
        "model": model,
        "manufacturer": found.device.brand if found.device is not None else None,
    }
    known = {name: value for name, value in device.items() if value}
    return {**told, "device": known} if known else told


def _named(name: str, *version: str | None) -> dict[str, str]:
    numbers = ".".join(part for part in version if part)
    return {"name": name, "version": numbers} if numbers else {"name": name}


def _type(system: str, family: str, model: str, text: str) -> str | None:
    if family == "Spider":
        return "bot"
    if any(word in system for word in _SYSTEM_OF_TV) or "TV" in family:
        return "tv"
    if system == "iOS":
        return "tablet" if "iPad" in model else "phone"
    if system == "Android":
        return "phone" if "Mobile" in text else "tablet"
    return "desktop" if system in _DESKTOPS else None
