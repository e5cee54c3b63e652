"""Rows of a statement for many keys -> one item a key, in the order of the keys."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from graphcdp.store.neo4j import Store

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


async def found_by_ids(
    store: Store, ids: Sequence[str], read: Callable[[Store, Sequence[str]], Awaitable[list[Item | None]]]
) -> dict[str, Item]:
    """What `read` finds under each of these ids, without asking when there are none."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    items = await read(store, wanted)
    return {one: item for one, item in zip(wanted, items, strict=True) if item is not None}
