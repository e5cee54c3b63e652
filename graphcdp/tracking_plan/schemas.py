"""Which words a property's schema may hold: those of JSON Schema that need nothing from elsewhere. Pure.

Source: docs/sources.md, rule 8. JSON Schema leaves out words that it does not
know, so that a word with a slip in it would check nothing; here it is an error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

SCHEMAS_MAX = 10_000
LEVELS_MAX = 10
TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
FORMATS = ("date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid")
LINEAR = RegexOptions()
"""Patterns are matched in linear time, so that no text takes long."""

Path = tuple[str | int, ...]
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a plan. path: where, outermost first. message: what, without a full stop."""

    path: Path
    message: str


@dataclass(slots=True)
class Reading:
    """Schemas of a plan while they are read. faults: what is wrong; the rest is read all the same."""

    faults: list[Fault] = field(default_factory=list)
    _read: int = 0

    def fail(self, path: Path, message: str) -> None:
        """Keep what is wrong."""
        self.faults.append(Fault(path, message))

    def schema(self, given: Any, path: Path, levels: int = LEVELS_MAX) -> Schema:
        """A schema as JSON Schema has it; a text or a list alone is its type."""
        self._read += 1
        if not levels or self._read > SCHEMAS_MAX:
            self.fail(path, f"schemas are more than {LEVELS_MAX} levels deep, or more than {SCHEMAS_MAX}")
            return {}
        if isinstance(given, str | list):
            given = {"type": given}
        if not isinstance(given, Mapping):
            self.fail(path, "a property is described by a type, or by a mapping such as {type: number, minimum: 0}")
            return {}
        made: Schema = {}
        for word, value in given.items():
            if word in _TOLD:
                continue
            read = _WORDS.get(word) if isinstance(word, str) else None
            if read is None:
                self.fail((*path, str(word)), f"{word!r} is no word of a schema; there are {', '.join(_WORDS)}")
                continue
            made[word] = read(self, value, (*path, word), levels)
        if "additionalProperties" in made:
            # Without it the validator tells of the names one by one, as of schemas that nothing meets.
            made.setdefault("properties", {})
        return made

    def schemas(self, given: Any, path: Path, levels: int) -> dict[str, Schema]:
        """Schemas by the names of properties."""
        if not isinstance(given, Mapping):
            self.fail(path, "properties are a mapping of names to what they are")
            return {}
        made: dict[str, Schema] = {}
        for name, one in given.items():
            if isinstance(name, str):
                made[name] = self.schema(one, (*path, name), levels - 1)
            else:
                self.fail((*path, str(name)), f"{name!r} is no text: put the name in quotes")
        return made


def _type(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    given = value if isinstance(value, list) and value else [value]
    # In YAML null is a value, unless it is put in quotes.
    types = ["null" if one is None else one for one in given]
    for one in types:
        if one not in TYPES:
            reading.fail(path, f"{one!r} is no type; there are {', '.join(TYPES)}")
            return list(TYPES)
    return types if isinstance(value, list) else types[0]


def _number(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        reading.fail(path, f"{value!r} is no number")
        return 0
    return value


def _more_than_0(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if _number(reading, value, path, levels) > 0:
        return value
    reading.fail(path, "it is a number above 0")
    return 1


def _count(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        reading.fail(path, f"{value!r} is no whole number from 0 on")
        return 0
    return value


def _truth(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if not isinstance(value, bool):
        reading.fail(path, f"{value!r} is neither true nor false")
    return bool(value)


def _pattern(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    try:
        if isinstance(value, str):
            Draft202012Validator({"pattern": value}, pattern_options=LINEAR)
            return value
        reading.fail(path, f"{value!r} is no text")
    except (ValidationError, ValueError):
        reading.fail(path, f"{value!r} is no regular expression that can be matched in linear time")
    return ""


def _format(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if value not in FORMATS:
        reading.fail(path, f"{value!r} is no format; there are {', '.join(FORMATS)}")
    return str(value)


def _scalar(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    reading.fail(path, f"{type(value).__name__} is no text, number, truth value or null; put dates in quotes")
    return None


def _enum(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if not isinstance(value, list) or not value:
        reading.fail(path, "it is a list of the values that there are")
        return [None]
    return [_scalar(reading, one, (*path, place), levels) for place, one in enumerate(value)]


def _items(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    return reading.schema(value, path, levels - 1)


def _any_of(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if not isinstance(value, list) or not value:
        reading.fail(path, "it is a list of schemas")
        return [{}]
    return [reading.schema(one, (*path, place), levels - 1) for place, one in enumerate(value)]


def _required(reading: Reading, value: Any, path: Path, levels: int) -> Any:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        reading.fail(path, "within a property it is a list of names, such as [sku, price]")
        return []
    return list(dict.fromkeys(value))


_TOLD = ("title", "description", "examples")
"""Words that are for people."""

_WORDS: dict[str, Callable[[Reading, Any, Path, int], Any]] = {
    "type": _type,
    "enum": _enum,
    "const": _scalar,
    "pattern": _pattern,
    "format": _format,
    "minLength": _count,
    "maxLength": _count,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": _more_than_0,
    "items": _items,
    "minItems": _count,
    "maxItems": _count,
    "uniqueItems": _truth,
    "properties": Reading.schemas,
    "required": _required,
    "additionalProperties": _truth,
    "anyOf": _any_of,
}
