"""All messages of an import as arrays: who is named by which, without what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcdp.bulk.parts import Chunk, Shape, read_table, slots
from graphcdp.resolve.rules import IdentityRules

_STRINGS_BYTES_MAX = 2_000_000_000
_NONE = np.iinfo(np.int32).max


@dataclass(slots=True)
class Keys:
    """The distinct identifiers, the strongest first, as `IdentityRules.order` has it; numbered by their place.

    text: keys. kinds: names; kind: of each identifier, an index in them.
    """

    text: pa.Array
    kinds: list[str]
    kind: Any

    def __len__(self) -> int:
        return len(self.text)


@dataclass(slots=True)
class Messages:
    """Messages, part after part; those of one part follow one another.

    ordinal, at, type, source: as in a part, source an index in `sources`. id:
    texts, complete. named: numbers of the identifiers that message m names, the
    subject first: `named[start[m]:start[m + 1]]`. whose: the message of each item of
    `named`. parts: shape, table and first message of each. kept: which messages are
    recorded, not duplicates.
    """

    ordinal: Any
    at: Any
    type: Any
    source: Any
    sources: list[str]
    id: pa.ChunkedArray
    start: Any
    named: Any
    whose: Any
    parts: list[tuple[Shape, Path, int]]
    kept: Any

    def __len__(self) -> int:
        return len(self.ordinal)

    @property
    def subject(self) -> Any:
        """Number of the identifier that each message hangs on."""
        return self.named[self.start[:-1]]

    def traits(self) -> Iterator[tuple[int, str]]:
        """Messages that state traits, and what they state as JSON."""
        for _, path, first in self.parts:
            table = read_table(path, ["traits"])
            if table.num_columns:
                texts = table.column("traits").combine_chunks()
                rows = np.flatnonzero(pc.is_valid(texts).to_numpy(zero_copy_only=False))
                yield from zip((first + rows).tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True)


def gather(chunks: Sequence[Chunk], rules: IdentityRules) -> tuple[Keys, Messages]:
    """Keys and messages of all chunks."""
    keys, number_by_chunk = _keys(chunks, rules)
    columns: dict[str, list[Any]] = {name: [] for name in ("ordinal", "at", "type", "source", "id", "made")}
    named: list[Any] = []
    counts: list[Any] = []
    parts: list[tuple[Shape, Path, int]] = []
    files: list[Any] = []
    number_by_file: dict[Path, int] = {}
    total = 0
    for chunk, numbers in zip(chunks, number_by_chunk, strict=True):
        for shape, path in chunk.parts:
            table = read_table(path)
            parts.append((shape, path, total))
            total += table.num_rows
            for name in ("ordinal", "at", "type"):
                columns[name].append(table.column(name).to_numpy())
            columns["source"].append(table.column("source").combine_chunks().dictionary_encode())
            columns["id"] += table.column("id").chunks
            made = table.column("made").to_numpy() if "made" in table.column_names else np.zeros(table.num_rows, bool)
            columns["made"].append(made)
            files.append(np.full(table.num_rows, number_by_file.setdefault(chunk.file, len(number_by_file)), np.int32))
            some, how_many = _named(table, numbers)
            named.append(some)
            counts.append(how_many)
    ordinal = _joined(columns["ordinal"], np.int64)
    count = _joined(counts, np.int64)
    source = pa.chunked_array(columns["source"], pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
    ids = pa.chunked_array(columns["id"], pa.string())
    made = _joined(columns["made"], bool)
    if made.any():
        ids = _numbered(ids, made, _joined(files, np.int32), ordinal)
    return keys, Messages(
        ordinal=ordinal,
        at=_joined(columns["at"], np.int64),
        type=_joined(columns["type"], np.int8),
        source=_joined([chunk.indices.to_numpy() for chunk in source.chunks], np.int32),
        sources=source.chunks[0].dictionary.to_pylist() if source.num_chunks else [],
        id=ids,
        start=np.concatenate([[0], np.cumsum(count)]),
        named=_joined(named, np.int32),
        whose=np.repeat(np.arange(total, dtype=np.int32), count),
        parts=parts,
        kept=_first_of_each(ids, ordinal),
    )


def _joined(arrays: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate([np.asarray(one, dtype) for one in arrays]) if arrays else np.zeros(0, dtype)


def _keys(chunks: Sequence[Chunk], rules: IdentityRules) -> tuple[Keys, list[Any]]:
    """All keys in order, and by chunk the number of each of its own."""
    columns = [read_table(chunk.keys).column("key").combine_chunks() for chunk in chunks]
    coded = pa.chunked_array([column.dictionary_encode() for column in columns], pa.dictionary(pa.int32(), pa.string()))
    coded = coded.unify_dictionaries()
    texts = coded.chunks[0].dictionary if coded.num_chunks else pa.array([], pa.string())
    kind = pc.list_element(pc.split_pattern(texts, ":", max_splits=1), 0).dictionary_encode()
    kinds = kind.dictionary.to_pylist()
    priority = np.array([rules.priority(one) for one in kinds], np.int64)
    codes = kind.indices.to_numpy()
    order = pc.sort_indices(
        pa.table({"priority": priority[codes], "key": texts}),
        sort_keys=[("priority", "descending"), ("key", "ascending")],
    )
    number = np.empty(len(texts), np.int32)
    number[order.to_numpy()] = np.arange(len(texts), dtype=np.int32)
    by_chunk = [number[chunk.indices.to_numpy()] for chunk in coded.chunks]
    return Keys(texts.take(order), kinds, codes[order.to_numpy()]), by_chunk


def _named(table: pa.Table, numbers: Any) -> tuple[Any, Any]:
    """The numbers of what each row names, each once and in order, row after row; how many each row has."""
    columns = slots(table)
    matrix = np.full((table.num_rows, len(columns)), _NONE, np.int32)
    for place, name in enumerate(columns):
        own = table.column(name).to_numpy()
        matrix[:, place] = np.where(own < 0, _NONE, numbers[own]) if len(numbers) else _NONE
    matrix.sort(axis=1)
    matrix[:, 1:][matrix[:, 1:] == matrix[:, :-1]] = _NONE
    there = matrix != _NONE
    return matrix[there], there.sum(axis=1)


def _numbered(ids: pa.ChunkedArray, made: Any, files: Any, ordinal: Any) -> pa.ChunkedArray:
    """The ids with a number for what is not the first of its content in its file."""
    which = np.flatnonzero(made)
    some = ids.take(pa.array(which)).combine_chunks().dictionary_encode()
    code = some.indices.to_numpy().astype(np.int64) * (int(files.max()) + 1) + files[which]
    order = np.lexsort((ordinal[which], code))
    sorted_code = code[order]
    first = np.concatenate([[True], sorted_code[1:] != sorted_code[:-1]])
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    again = np.empty(len(order), np.int64)
    again[order] = np.arange(len(order)) - start + 1
    repeated = again > 1
    if not repeated.any():
        return ids
    suffix = np.full(len(ids), "", object)
    suffix[which[repeated]] = [f"-{number}" for number in again[repeated].tolist()]
    return pc.binary_join_element_wise(ids, pa.array(suffix, pa.string()), "")


def _first_of_each(ids: pa.ChunkedArray, ordinal: Any) -> Any:
    """Which messages are the first with their id."""
    if not len(ids):
        return np.zeros(0, bool)
    # A column of plain strings holds no more than 2 GB.
    coded = (ids if ids.nbytes < _STRINGS_BYTES_MAX else ids.cast(pa.large_string())).dictionary_encode()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in coded.chunks])
    first = np.full(int(codes.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, codes, ordinal)
    return ordinal == first[codes]
