"""Traits: the latest value of each name wins, whoever held it. Source: docs/identity.md, rule 7.

A stamped trait keeps when it was stated and by which message; the two order
all statements of one name, so that the order of arrival does not matter. A
value of None states that the trait is unset; it is remembered, so that an older
value that arrives late does not come back.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

PROPERTY_PREFIX = "traits."
COUNT_PREFIX = "count."
TEXT_PROPERTY_LENGTH_MAX = 1000
"""Longer text is kept in the JSON, but not as a property of its own too: no comparison has a use for it."""
PROPERTY_NAME_LENGTH_MAX = 200

_NAMES = (
    "name",
    "first_name",
    "last_name",
    "firstName",
    "lastName",
    "full_name",
    "company",
    "email",
    "phone",
)
"""Traits in whose text customers are searched."""


class Stamped(NamedTuple):
    """value: JSON, None when unset. at: UTC. message: id of the message. source: who sent it."""

    value: Any
    at: datetime
    message: str
    source: str

    @property
    def stamp(self) -> tuple[datetime, str]:
        """What orders statements about one trait."""
        return self.at, self.message


Traits = Mapping[str, Stamped]


def latest(*holders: Traits) -> dict[str, Stamped]:
    """The latest statement about each name among all holders."""
    result: dict[str, Stamped] = {}
    for traits in holders:
        for name, stamped in traits.items():
            known = result.get(name)
            if known is None or stamped.stamp >= known.stamp:
                result[name] = stamped
    return result


def stated(
    values: Mapping[str, Any], unset: Iterable[str], *, at: datetime, message: str, source: str
) -> dict[str, Stamped]:
    """What a message states about traits; a value of null unsets."""
    result = {name: Stamped(value, at, message, source) for name, value in values.items()}
    result.update((name, Stamped(None, at, message, source)) for name in unset)
    return result


def visible(traits: Traits) -> dict[str, Any]:
    """Names and values as readers see them, by name, without those that are unset."""
    return {name: traits[name].value for name in sorted(traits) if traits[name].value is not None}


def to_text(traits: Traits) -> str:
    """All that is known of the traits as JSON text: {name: [value, at, message, source]}."""
    return _dumped({name: [t.value, t.at, t.message, t.source] for name, t in sorted(traits.items())})


def from_text(text: str | None) -> dict[str, Stamped]:
    """The traits that `to_text` wrote; none for None."""
    if not text:
        return {}
    stored: dict[str, list[Any]] = orjson.loads(text)
    return {
        name: Stamped(value, datetime.fromisoformat(at), message, source)
        for name, (value, at, message, source) in stored.items()
    }


def to_texts(traits: Traits) -> tuple[str, str]:
    """What readers see, {name: value}, and where it came from, {name: [at, message, source]}, as JSON texts."""
    origins = {name: [t.at, t.message, t.source] for name, t in sorted(traits.items())}
    return _dumped(visible(traits)), _dumped(origins)


def from_texts(values: str | None, origins: str | None) -> dict[str, Stamped]:
    """The traits that `to_texts` wrote; none for None."""
    if not values or not origins:
        return {}
    value_by_name: dict[str, Any] = orjson.loads(values)
    origin_by_name: dict[str, list[str]] = orjson.loads(origins)
    return {
        name: Stamped(value_by_name.get(name), datetime.fromisoformat(at), message, source)
        for name, (at, message, source) in origin_by_name.items()
    }


def _dumped(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def flattened(values: Mapping[str, Any], prefix: str = PROPERTY_PREFIX) -> dict[str, Any]:
    """Scalars and lists of one scalar type, by dotted path, as native properties for predicates."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result.update(flattened(value, f"{prefix}{name}."))
        elif len(prefix) + len(name) <= PROPERTY_NAME_LENGTH_MAX and _is_native(value):
            result[f"{prefix}{name}"] = value
    return result


def native_scalars(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Top-level values that Neo4j can hold as they are, by prefixed name."""
    return {
        f"{prefix}{name}": value
        for name, value in values.items()
        if len(name) <= PROPERTY_NAME_LENGTH_MAX and _is_native(value)
    }


def _is_native(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= TEXT_PROPERTY_LENGTH_MAX
    if isinstance(value, bool | float):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, list) and value:
        kinds = {type(item) for item in value}
        return len(kinds) == 1 and kinds <= {str, bool, int, float} and all(_is_native(item) for item in value)
    return False


def search_text(values: Mapping[str, Any]) -> str:
    """The words by which a customer with these traits is found."""
    found = " ".join(values[name] for name in _NAMES if isinstance(values.get(name), str))
    # The index takes accents off letters, but not off letters with marks that follow them.
    return unicodedata.normalize("NFC", found)
