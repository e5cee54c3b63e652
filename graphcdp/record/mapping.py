"""Which column of a file becomes which field of a message. Pure; the words are those of docs/import.md.

A target reads `id`, `email`, `identifiers.card`, `traits.plan`,
`properties.total:number`, `properties:json` or `properties.*`.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from graphcdp.model.errors import ImportFileError
from graphcdp.model.identifiers import BUILT_IN_KINDS
from graphcdp.model.messages import MessageType, RawMessage

FIELDS = ("type", "id", "name", "at", "source")
OBJECTS = ("properties", "traits", "context")
REST = "*"  # as a column: every one that is not named elsewhere

_EXACT_MAX = 2**53  # below it a float is the number that was meant
_TRUE = frozenset(("true", "t", "yes", "y", "1", "on"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "off"))
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class RowError(ValueError):
    """One row cannot become a message; `str(error)` says why."""


class ValueType(StrEnum):
    """What the text of a cell stands for."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


class TimeFormat(StrEnum):
    """How times are written."""

    ISO = "iso"  # ISO 8601; without a zone: UTC
    SECONDS = "seconds"  # since 1970, UTC
    MILLISECONDS = "milliseconds"  # since 1970, UTC


@dataclass(frozen=True, slots=True)
class Target:
    """Where a value goes: a field, an identifier (path: its kind), or a place in an object (path: its keys)."""

    area: str
    path: tuple[str, ...] = ()
    value_type: ValueType = ValueType.TEXT

    @classmethod
    def parse(cls, text: str) -> "Target":
        """The target that a text names.

        Raises ValueError with a sentence that lists what there is.
        """
        name, colon, suffix = text.strip().partition(":")
        try:
            value_type = ValueType(suffix) if colon else ValueType.TEXT
        except ValueError:
            raise ValueError(
                f"{text!r} ends with the unknown type {suffix!r}; types are {', '.join(ValueType)}"
            ) from None
        area, *path = name.split(".")
        if area in BUILT_IN_KINDS and not path:
            area, path = "identifiers", [area]
        if (area in FIELDS and not path and not colon) or (area == "identifiers" and len(path) == 1 and not colon):
            if path != [""]:
                return cls(area, tuple(path))
        elif area in OBJECTS and all(path) and (path or value_type is ValueType.JSON):
            return cls(area, tuple(path), value_type)
        raise ValueError(f"{text!r} is no field; {FIELDS_KNOWN}")


FIELDS_KNOWN = (
    f"fields are {', '.join(FIELDS)}, the identifiers {', '.join(BUILT_IN_KINDS)} and identifiers.<kind>, "
    f"and {', '.join(f'{name}.<path>' for name in OBJECTS)} "
    f"(with :number, :boolean or :json for values that are not text, and <path> * for all other columns)"
)


class ImportMapping(BaseModel):
    """The mapping of a file.

    columns: name of a column (in JSON Lines: a dotted path) by target; an
    identifier may have a list of columns. constants: values that every row
    has, by target. times: how `at` is written.

    A row without a mapped `type` is an identify when the mapping has no
    `name`, else an event.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str | list[str]] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    times: TimeFormat = TimeFormat.ISO

    @field_validator("columns", "constants")
    @classmethod
    def _known_targets(cls, given: dict[str, Any]) -> dict[str, Any]:
        for text in given:
            Target.parse(text)
        return given

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for target, column in self.targets:
            if (target.path == (REST,)) != (column == REST):
                raise ValueError(
                    "* stands for all columns that are not named elsewhere, on both sides: properties.*=* "
                    "(or traits.*, context.*)"
                )
        places = [(target.area, *target.path) for target in map(Target.parse, [*self.columns, *self.constants])]
        _check_places(places)
        if not any(place[0] == "identifiers" for place in places):
            raise ValueError(
                f"no identifier is mapped, so nobody would know whose the rows are: map one of "
                f"{', '.join(BUILT_IN_KINDS)} or identifiers.<kind>"
            )
        if "id" in self.constants:
            raise ValueError("id cannot be a constant: rows with one id are one message")
        for target, value in self.fixed:
            _place({name: {} for name in OBJECTS}, [], target, value, TimeFormat.ISO)
        return self

    @cached_property
    def targets(self) -> list[tuple[Target, str]]:
        """Targets with their columns, `*` last: what is named wins."""
        named = [
            (Target.parse(text), column)
            for text, columns in self.columns.items()
            for column in ([columns] if isinstance(columns, str) else columns)
        ]
        return sorted(named, key=lambda pair: pair[1] == REST)

    @cached_property
    def fixed(self) -> list[tuple[Target, Any]]:
        """Targets with the values that every row has."""
        return [(Target.parse(text), value) for text, value in self.constants.items()]

    @cached_property
    def named_columns(self) -> frozenset[str]:
        """The columns that the mapping names, `*` excepted."""
        return frozenset(column for _, column in self.targets if column != REST)

    @cached_property
    def type_by_default(self) -> MessageType:
        """The type of a row that tells none."""
        areas = {target.area for target, _ in [*self.targets, *self.fixed]}
        return MessageType.TRACK if "name" in areas else MessageType.IDENTIFY


def _check_places(places: Sequence[tuple[str, ...]]) -> None:
    """Raise ValueError when two values would go to one place, or one into another."""
    seen = set(places)
    for place in seen:
        if places.count(place) > 1 and place[0] != "identifiers":
            raise ValueError(f"{'.'.join(place)} is given twice")
        for length in range(1, len(place)):
            if place[:length] in seen:
                whole = ".".join(place[:length])
                raise ValueError(f"{whole} is given whole and in parts ({'.'.join(place)}); choose one")


def load_mapping(text: str, where: str) -> dict[str, Any]:
    """The content of a mapping file, YAML or JSON; `build_mapping` checks it. where: named in errors."""
    try:
        content = yaml.safe_load(text)
        # Read as text alone: a column called `no` or `2017` is neither false nor a number.
        as_text_alone = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # makes strings, lists and dicts only
    except yaml.YAMLError as error:
        raise ImportFileError(f"{where} is neither YAML nor JSON: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ImportFileError(f"{where} must hold columns, and may hold constants and times, each with values by field")
    if "columns" in content:
        content["columns"] = as_text_alone["columns"]
    return content


def build_mapping(
    content: Mapping[str, Any] | None = None,
    *,
    columns: Iterable[str] = (),
    constants: Iterable[str] = (),
    times: TimeFormat | None = None,
    where: str = "The mapping",
) -> ImportMapping:
    """A mapping from a file's content and options; options win.

    columns, constants: texts `field=column` and `field=value`; a constant
    may carry a type, as in `properties.paid:boolean=true`. An identifier may
    be given several columns. Raises ImportFileError.
    """
    whole = dict(content or {})
    named: dict[str, list[str]] = {}
    for text in columns:
        target, column = _halves(text, "--map", "field=column")
        named.setdefault(target, []).append(column)
    for target, found in named.items():
        if len(found) > 1 and not _is_identifier(target):
            raise ImportFileError(f"{target} is mapped to several columns ({', '.join(found)}); choose one.")
    fixed = {}
    for text in constants:
        target, value = _halves(text, "--set", "field=value")
        fixed[target] = _constant(target, value)
    if named:
        given = {target: found if len(found) > 1 else found[0] for target, found in named.items()}
        whole["columns"] = {**(whole.get("columns") or {}), **given}
    if fixed:
        whole["constants"] = {**(whole.get("constants") or {}), **fixed}
    if times is not None:
        whole["times"] = times
    try:
        return ImportMapping.model_validate(whole)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            what = "there is no such part; a mapping has columns, constants and times"
        said = f"{place}: {what}" if place and first["type"] != "value_error" else what
        raise ImportFileError(f"{where} is not usable: {said}.") from error


def columns_as_targets(columns: Iterable[str]) -> ImportMapping:
    """The mapping of a file whose columns are called as their targets are.

    Raises ImportFileError that names the first column which is not.
    """
    named = [column for column in columns if column]
    for column in named:
        try:
            Target.parse(column)
        except ValueError as error:
            raise ImportFileError(
                f"The column {column!r} is no field, so a mapping is needed, such as --map user={column} or "
                f"--map properties.{column}={column}. The columns are {', '.join(named)}; {FIELDS_KNOWN}."
            ) from error
    return build_mapping({"columns": {column: column for column in named}}, where="A header that names fields itself")


def map_row(mapping: ImportMapping, read: Callable[[str], Any], columns: Iterable[str]) -> RawMessage:
    """The message that a row stands for. `id` stays absent when the row has none.

    read: the value of a column; None where there is none. columns: of this
    row, for `*`. Raises RowError.
    """
    message: RawMessage = {name: {} for name in OBJECTS}
    identifiers: list[tuple[str, str]] = []
    for target, value in mapping.fixed:
        _place(message, identifiers, target, value, TimeFormat.ISO)
    for target, column in mapping.targets:
        if column == REST:
            rest = message[target.area]
            for other in columns:
                if other and other not in mapping.named_columns and (value := read(other)) is not None:
                    rest.setdefault(other, typed(value, target.value_type, other))
            continue
        value = read(column)
        if value is not None:
            if target.area in OBJECTS:
                value = typed(value, target.value_type, column)
            _place(message, identifiers, target, value, mapping.times)
    message.setdefault("type", mapping.type_by_default)
    filled = {name: value for name, value in message.items() if value not in ({}, "")}
    return {**filled, "identifiers": identifiers}


def _place(
    message: RawMessage, identifiers: list[tuple[str, str]], target: Target, value: Any, times: TimeFormat
) -> None:
    if target.area == "identifiers":
        if value != "":
            identifiers.append((target.path[0], as_text(value, target.path[0])))
    elif target.area == "at":
        message["at"] = read_time(value, times)
    elif target.area == "type":
        message["type"] = _type(value)
    elif target.area in OBJECTS:
        if not target.path:
            if not isinstance(value, dict):
                raise RowError(f"{target.area} must be a JSON object, such as {{}}, not {value!r}")
            message[target.area] = value
            return
        inner = message[target.area]
        for key in target.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[target.path[-1]] = value
    else:
        message[target.area] = as_text(value, target.area)


def read_time(value: Any, times: TimeFormat) -> datetime:
    """A time as written in a file; one without a zone is UTC. Raises RowError."""
    if isinstance(value, datetime):  # YAML reads times and dates by itself
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if times is TimeFormat.ISO:
        try:
            at = datetime.fromisoformat(as_text(value, "at").strip())
        except ValueError as error:
            raise RowError(
                f"at is {value!r}, no ISO 8601 time such as 2026-03-01T14:30:00Z (for numbers: times seconds, or "
                f"milliseconds)"
            ) from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        seconds = float(value) / (1000 if times is TimeFormat.MILLISECONDS else 1)
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise RowError(f"at is {value!r}, no count of {times} since 1970") from error


def as_text(value: Any, field: str) -> str:
    """A text, or a whole number as text (7.0 too: so whole numbers come from a column with gaps).

    Raises RowError for anything else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_MAX:
        return str(int(value))
    raise RowError(f"{field} must be text, not {value!r}")


def _type(value: Any) -> MessageType:
    try:
        return MessageType(as_text(value, "type").strip().lower())
    except ValueError as error:
        raise RowError(f"type is {value!r}; types are {', '.join(MessageType)}") from error


def typed(value: Any, value_type: ValueType, column: str) -> Any:
    """What the text of a cell stands for; any other value as it is. column: named in errors. Raises RowError."""
    if value_type is ValueType.TEXT or not isinstance(value, str):
        return value
    text = value.strip()
    if value_type is ValueType.NUMBER and _NUMBER.fullmatch(text):
        number = int(text) if text.lstrip("+-").isdigit() and len(text) < 19 else float(text)
        if math.isfinite(number):
            return number
    if value_type is ValueType.BOOLEAN and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if value_type is ValueType.JSON:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise RowError(f"column {column} is no JSON: {error}") from error
    raise RowError(f"column {column} is {value!r}, no {value_type}")


def _halves(text: str, option: str, form: str) -> tuple[str, str]:
    target, equals, value = text.partition("=")
    if not equals or not target.strip() or not value:
        raise ImportFileError(f"{option} {text!r} is not of the form {form}.")
    try:
        Target.parse(target)
    except ValueError as error:
        raise ImportFileError(f"{option} {text!r}: {error}.") from error
    return target.strip(), value


def _constant(target: str, text: str) -> Any:
    try:
        return typed(text, Target.parse(target).value_type, target)
    except RowError as error:
        raise ImportFileError(f"--set {target}={text}: {error}.") from error


def _is_identifier(target: str) -> bool:
    return Target.parse(target).area == "identifiers"
