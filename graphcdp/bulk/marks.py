"""Values as fields of the files that Neo4j's import reads. Pure.

Fields are separated by control characters, so that hardly any value needs
quotes. An empty field is no value; quotes with nothing between are empty text.
"""

import re
from collections.abc import Mapping
from typing import Any

from graphcdp.embedded.admin import ARRAY_DELIMITER, DELIMITER, QUOTE

EMPTY = QUOTE + QUOTE
MARKS = re.compile(f"[{DELIMITER}{QUOTE}\n\r]")
"""What a field cannot hold without quotes."""

_TYPES = {str: "string", bool: "boolean", int: "long", float: "double"}


def quoted(text: str) -> str:
    """A text as a field, in quotes where it needs them."""
    if not text:
        return EMPTY
    if MARKS.search(text):
        return QUOTE + text.replace(QUOTE, EMPTY) + QUOTE
    return text


def native(value: Any) -> tuple[str, str] | None:
    """Type and text, not quoted yet, of a scalar or a list of scalars of one type.

    None for a list that no field can hold: of one empty text, or with the mark
    between its items in one of them.
    """
    if isinstance(value, list):
        item = _TYPES[type(value[0])]
        if item == "string" and (value == [""] or any(ARRAY_DELIMITER in text for text in value)):
            return None
        return f"{item}[]", ARRAY_DELIMITER.join(_text(one) for one in value)
    return _TYPES[type(value)], _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def is_header(name: str) -> bool:
    """Whether a property of this name can stand in a header."""
    return "{" not in name and "}" not in name and not MARKS.search(name)


def split_natives(values: Mapping[str, Any]) -> tuple[dict[tuple[str, str], str], dict[str, Any]]:
    """Properties as fields by name and type, and those that no file can hold, which are set afterwards."""
    fields: dict[tuple[str, str], str] = {}
    afterwards: dict[str, Any] = {}
    for name, value in values.items():
        typed = native(value) if is_header(name) else None
        if typed is None:
            afterwards[name] = value
        else:
            fields[name, typed[0]] = typed[1]
    return fields, afterwards


class Shapes:
    """Rows with varying properties, sorted into few tables in which each property has one type.

    columns: of each table, in its order, (name, type). A row goes to the first
    table whose types are its own; that one grows by what the row adds.
    """

    COLUMNS_MAX = 200

    def __init__(self) -> None:
        self.columns: list[list[tuple[str, str]]] = []
        self._types: list[dict[str, str]] = []
        self._known: dict[tuple[tuple[str, str], ...], int] = {}

    def place(self, fields: Mapping[tuple[str, str], str]) -> int:
        """The table of a row with these properties."""
        shape = tuple(fields)
        found = self._known.get(shape)
        if found is None:
            found = self._known[shape] = self._fitting(shape)
        return found

    def _fitting(self, shape: tuple[tuple[str, str], ...]) -> int:
        for number, types in enumerate(self._types):
            added = [column for column in shape if column[0] not in types]
            fits = all(types.get(name, type_) == type_ for name, type_ in shape)
            if fits and (not added or len(types) + len(added) <= self.COLUMNS_MAX):
                types.update(added)
                self.columns[number] += added
                return number
        self._types.append(dict(shape))
        self.columns.append(list(shape))
        return len(self.columns) - 1
