"""A column of values -> JSON and import fields, each distinct value once where values repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from graphcdp.bulk.marks import EMPTY, MARKS, native
from graphcdp.model.messages import DEPTH_MAX, KEYS_MAX
from graphcdp.record.intake import measured
from graphcdp.record.mapping import RowError, ValueType, typed
from graphcdp.record.parquet import json_value
from graphcdp.resolve.traits import TEXT_PROPERTY_LENGTH_MAX, native_scalars

_NEEDS_ESCAPE = r'[\x00-\x1f"\\]'
LEAVES_MAX = 200
REMEMBERED_MAX = 100_000
REMEMBERED_LENGTH_MAX = 64
"""Texts whose form a process remembers: how many, and how long they may be."""


class NotPlainError(Exception):
    """These rows cannot be worked on as columns: read them one by one."""


@dataclass(slots=True)
class Encoded:
    """A column, one item a row.

    json: null where there is no value. natives: by type, fields as import files
    have them, null where there is none of this type. bad: rows that must be
    looked at one by one; None for none.
    """

    json: pa.Array
    natives: dict[str, pa.Array] = field(default_factory=dict)
    bad: Any = None


def encode(column: pa.Array, value_type: ValueType, name: str, *, sort_keys: bool = False) -> Encoded:
    """A column as JSON and as fields. name: for errors. sort_keys: of objects within."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = column.cast(pa.string())
        coded = column.dictionary_encode()
        if len(coded.dictionary) * 2 <= len(column):
            return _taken(_each(coded.dictionary.to_pylist(), value_type, name, sort_keys), coded.indices)
        if value_type is ValueType.TEXT and not pc.any(pc.match_substring_regex(column, _NEEDS_ESCAPE)).as_py():
            return _plain_text(column)
    elif pa.types.is_integer(kind) and kind not in (pa.uint64(),):
        text = column.cast(pa.string())
        return Encoded(text, {"long": text})
    elif pa.types.is_boolean(kind):
        text = column.cast(pa.string())
        return Encoded(text, {"boolean": text})
    elif pa.types.is_floating(kind) or pa.types.is_temporal(kind):
        coded = column.dictionary_encode()
        if len(coded.dictionary) * 2 <= len(column):
            return _taken(_each(coded.dictionary.to_pylist(), value_type, name, sort_keys), coded.indices)
    return _each(column.to_pylist(), value_type, name, sort_keys)


def constant(value: Any, rows: int) -> Encoded:
    """The same value in every row."""
    one = _each([value], ValueType.TEXT, "", False)
    if one.bad is not None and one.bad.any():
        raise NotPlainError
    return _taken(one, pa.array(np.zeros(rows, np.int32)))


def _plain_text(column: pa.Array) -> Encoded:
    field_ = pc.if_else(pc.equal(column, ""), EMPTY, column)
    short = pc.less_equal(pc.utf8_length(column), TEXT_PROPERTY_LENGTH_MAX)
    if not pc.all(short).as_py():
        field_ = pc.if_else(short, field_, None)
    return Encoded(pc.binary_join_element_wise('"', column, '"', ""), {"string": field_})


def _each(values: Sequence[Any], value_type: ValueType, name: str, sort_keys: bool) -> Encoded:
    texts: list[str | None] = []
    natives: dict[str, list[str | None]] = {}
    bad = np.zeros(len(values), bool)
    for place, raw in enumerate(values):
        # The same short texts come in one chunk after another.
        is_short = isinstance(raw, str) and len(raw) <= REMEMBERED_LENGTH_MAX
        one = (_known if is_short else _one)(raw, value_type, name, sort_keys)
        texts.append(one.json)
        bad[place] = one.bad
        if one.native is not None:
            type_, written = one.native
            if type_ not in natives:
                natives[type_] = [None] * len(values)
            natives[type_][place] = written
    arrays = {type_: pa.array(some, pa.string()) for type_, some in natives.items()}
    return Encoded(pa.array(texts, pa.string()), arrays, bad)


class _One(NamedTuple):
    """One value, as `Encoded`; native: type and field."""

    json: str | None
    native: tuple[str, str] | None = None
    bad: bool = False


def _one(raw: Any, value_type: ValueType, name: str, sort_keys: bool) -> _One:
    value = json_value(raw)
    if value is None:
        return _One(None)
    try:
        value = typed(value, value_type, name)
        json = orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else 0).decode()
    except (RowError, TypeError):
        return _One(None, bad=True)
    bad = False
    if isinstance(value, dict | list):
        depth, keys = measured(value)
        bad = depth >= DEPTH_MAX - 1 or keys > KEYS_MAX - LEAVES_MAX
    if not native_scalars({"": value}, ""):
        return _One(json, bad=bad)
    found = native(value)
    if found is None or MARKS.search(found[1]):
        return _One(json, bad=True)
    return _One(json, (found[0], found[1] or EMPTY), bad)


_known = lru_cache(maxsize=REMEMBERED_MAX)(_one)


def _taken(encoded: Encoded, indices: pa.Array) -> Encoded:
    bad = None
    if encoded.bad is not None and encoded.bad.any():
        bad = pc.fill_null(pa.array(encoded.bad).take(indices), False).to_numpy(zero_copy_only=False)
    natives = {type_: some.take(indices) for type_, some in encoded.natives.items()}
    return Encoded(encoded.json.take(indices), natives, bad)


def as_object(leaves: Sequence[tuple[tuple[str, ...], Encoded]], rows: int) -> pa.Array:
    """JSON objects of leaves at their paths, keys in the order of the leaves.

    Raises NotPlainError when the parts of an inner object do not stand together:
    then the order of keys would depend on the row.
    """
    if not leaves:
        return constant_text("{}", rows)
    if len(leaves) > LEAVES_MAX:
        raise NotPlainError
    pieces = []
    seen: set[str] = set()
    for key, group in groupby(leaves, lambda leaf: leaf[0][0]):
        inside = list(group)
        if key in seen:
            raise NotPlainError
        seen.add(key)
        if len(inside) == 1 and len(inside[0][0]) == 1:
            value = inside[0][1].json
        else:
            inner = as_object([(path[1:], encoded) for path, encoded in inside], rows)
            value = pc.if_else(pc.equal(inner, "{}"), None, inner)
        pieces.append(pc.binary_join_element_wise(orjson.dumps(key).decode() + ":", value, ""))
    joined = pc.binary_join_element_wise(*pieces, ",", null_handling="skip") if len(pieces) > 1 else pieces[0]
    return pc.binary_join_element_wise("{", pc.fill_null(joined, ""), "}", "")


def constant_text(text: str, rows: int) -> pa.Array:
    """A column of one text."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)
