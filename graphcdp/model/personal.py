"""Which properties are treated as personal data, by their names and by how their values look. Source: docs/catalog.md.

In doubt a property is personal: that hides examples, nothing else.
"""

import re
from collections.abc import Iterable

NAMES = frozenset(("name", "full_name", "first_name", "last_name", "given_name", "family_name", "surname", "nickname"))
"""Whole names of properties: other words may stand before `name`, as in `plan_name`."""

WORDS = frozenset(
    (
        *("email", "mail", "phone", "mobile", "tel", "telephone", "fax", "contact", "username", "login"),
        *("address", "street", "zip", "postcode", "postal", "latitude", "longitude", "lat", "lng", "lon", "geo"),
        *("birth", "birthday", "birthdate", "dob", "gender", "sex", "religion", "nationality", "health"),
        *("ip", "ssn", "passport", "iban", "card", "tax", "password", "token", "secret", "cookie", "message"),
    )
)
"""Words that make a property personal wherever they stand in its path."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+[0-9][0-9 ()/.-]{5,20}[0-9]")
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}")


def is_personal_path(path: str) -> bool:
    """Whether the names on a dotted path say that the value is personal."""
    parts = [[word.lower() for word in _WORD.findall(part)] for part in path.split(".")]
    return any("_".join(words) in NAMES or not WORDS.isdisjoint(words) for words in parts) or "@" in path


def is_personal_text(text: str) -> bool:
    """Whether a value holds an e-mail address, or is a phone number with country code or a network address."""
    return bool(_EMAIL.search(text) or _PHONE.fullmatch(text.strip()) or _ADDRESS.fullmatch(text.strip()))


def is_personal(path: str, texts: Iterable[str]) -> bool:
    """Whether a property is treated as personal; texts: all values of it that are known."""
    return is_personal_path(path) or any(map(is_personal_text, texts))
