"""What is known of properties from samples of them. Source: docs/catalog.md."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from graphcdp.model.personal import is_personal

LEVELS_MAX = 5
PROPERTIES_MAX = 200
EXAMPLES_MAX = 5
EXAMPLE_LENGTH_MAX = 100
EXAMPLE_CUSTOMERS_MIN = 2
"""A value is shown when so many customers have it: what only one has may tell who that is."""


@dataclass(frozen=True, slots=True)
class Property:
    """path: dotted. types: JSON types, most frequent first. examples: frequent values; none when personal."""

    path: str
    types: tuple[str, ...]
    examples: tuple[Any, ...]
    personal: bool


@dataclass(slots=True)
class _Seen:
    types: Counter[str] = field(default_factory=Counter)
    customers_by_value: defaultdict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    times_by_value: Counter[bytes] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)


def properties_in(samples: Iterable[tuple[str, str]]) -> list[Property]:
    """The properties in JSON objects, by path.

    samples: the text of each with the customer whose it is. Of more than
    PROPERTIES_MAX properties those that occur most are kept. A path on which
    an e-mail address is a name is left out: it is a value in the wrong place.
    """
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    for text, customer in samples:
        values = orjson.loads(text)
        if isinstance(values, dict):
            for path, value in _parts(values):
                _see(seen[path], value, customer)
    most = sorted(seen, key=lambda path: (-seen[path].types.total(), path))[:PROPERTIES_MAX]
    return [_property(path, seen[path]) for path in sorted(most)]


def _parts(values: Mapping[str, Any], prefix: str = "", levels: int = 1) -> Iterator[tuple[str, Any]]:
    """Each value that is not null with its path; objects and what is in them, lists as they are."""
    for name, value in values.items():
        if value is None or "@" in name:
            continue
        path = f"{prefix}{name}"
        yield path, value
        if isinstance(value, dict) and levels < LEVELS_MAX:
            yield from _parts(value, f"{path}.", levels + 1)


def _see(seen: _Seen, value: Any, customer: str) -> None:
    kind = _type(value)
    seen.types[kind] += 1
    if isinstance(value, str):
        seen.texts.add(value)
    elif isinstance(value, list):
        seen.texts.update(item for item in value if isinstance(item, str))
    if kind not in ("object", "array") and not (isinstance(value, str) and len(value) > EXAMPLE_LENGTH_MAX):
        # As JSON, in which 1 and true are different.
        written = orjson.dumps(value)
        seen.customers_by_value[written].add(customer)
        seen.times_by_value[written] += 1


def _property(path: str, seen: _Seen) -> Property:
    types = sorted(seen.types, key=lambda kind: (-seen.types[kind], kind))
    personal = is_personal(path, seen.texts)
    shown = [one for one, customers in seen.customers_by_value.items() if len(customers) >= EXAMPLE_CUSTOMERS_MIN]
    shown.sort(key=lambda one: (-seen.times_by_value[one], one))
    examples = () if personal else tuple(orjson.loads(one) for one in shown[:EXAMPLES_MAX])
    return Property(path, tuple(types), examples, personal)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"
