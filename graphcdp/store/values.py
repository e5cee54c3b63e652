"""Driver values as Python values, and parameters for the driver."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def lent(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parameters for one statement, until it is answered; maps among them are not written out, and then emptied.

    The driver writes all parameters out for its log of each message, whether or not
    anybody reads that, which takes as long as sending them; and it is what customers said.
    Its answers keep them, and each other, until garbage is looked for: of a batch of a
    thousand messages seven thousand lists, most of what that has to look at.
    """
    maps = {name: _Unwritten(value) for name, value in parameters.items() if isinstance(value, dict)}
    try:
        yield {**parameters, **maps}
    finally:
        for one in maps.values():
            one.clear()
