"""Driver values as Python values, and parameters for the driver."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from neo4j.time import Date, DateTime, Duration, Time


def to_python(value: Any) -> Any:
    """The value with the driver's times as Python's, in UTC, also inside lists and maps.

    A Duration becomes its ISO 8601 text. Nodes and relationships do not occur:
    statements return maps.
    """
    if isinstance(value, list):
        return [to_python(item) for item in value]
    if isinstance(value, dict):
        return {name: to_python(item) for name, item in value.items()}
    if isinstance(value, DateTime):
        native = value.to_native()
        return native.replace(tzinfo=UTC) if native.tzinfo is None else native.astimezone(UTC)
    if isinstance(value, Date | Time):
        return value.to_native()
    if isinstance(value, Duration):
        return value.iso_format()
    return value


class _Unwritten(dict[str, Any]):
    """A map that is short when it is written out."""

    def __repr__(self) -> str:
        return "{...}"


def unwritten(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, but maps among them are not written out.

    The driver writes all parameters out for its log of each message, whether or not
    anybody reads that, which takes as long as sending them; and it is what customers said.
    """
    return {name: _Unwritten(value) if isinstance(value, dict) else value for name, value in parameters.items()}


def let_go(given: dict[str, Any]) -> None:
    """Empty the maps that `unwritten` made, once their statement has been answered.

    The driver's answers keep them, and each other, until garbage is looked for: of a
    batch of a thousand messages seven thousand lists, most of what that has to look at.
    """
    for value in given.values():
        if isinstance(value, _Unwritten):
            value.clear()
