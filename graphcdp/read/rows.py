"""Rows of a statement for many keys -> one item a key, in the order of the keys. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Row = Mapping[str, Any]
Item = TypeVar("Item")


def one_each(keys: Sequence[str], rows: Sequence[Row], column: str, made: Callable[[Row], Item]) -> list[Item | None]:
    """For each key what is made of its row; None where there is no row."""
    row_by_key = {row[column]: row for row in rows}
    return [made(row_by_key[key]) if key in row_by_key else None for key in keys]


def many_each(keys: Sequence[str], rows: Sequence[Row], column: str) -> list[list[Row]]:
    """For each key its rows, in their order."""
    rows_by_key: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        rows_by_key[row[column]].append(row)
    return [rows_by_key.get(key, []) for key in keys]
