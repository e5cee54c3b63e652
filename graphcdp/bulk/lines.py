"""Columns -> lines of the import files; ids for many things at once."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcdp.bulk.marks import MARKS, quoted
from graphcdp.bulk.parts import Shape
from graphcdp.embedded.admin import DELIMITER, ImportFiles
from graphcdp.model.ids import Tag
from graphcdp.record.ids import new_ulid

_ALPHABET = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", np.uint8)
_CHARACTERS = 10
"""Of an id's 26, those that count up: 50 bits."""


class BulkIds:
    """Ids that ascend, in the form of `NewIds`, many at once."""

    def __init__(self, now: datetime) -> None:
        self._prefix = new_ulid(now)[:-_CHARACTERS]
        self._next = 0

    def take(self, tag: Tag, count: int) -> pa.Array:
        """So many new ids."""
        number = np.arange(self._next, self._next + count, dtype=np.int64)
        self._next += count
        letters = np.empty((count, _CHARACTERS), np.uint8)
        for place in range(_CHARACTERS):
            letters[:, _CHARACTERS - 1 - place] = _ALPHABET[(number >> (5 * place)) & 31]
        offsets = pa.py_buffer(np.arange(0, (count + 1) * _CHARACTERS, _CHARACTERS, dtype=np.int64))
        text = pa.LargeStringArray.from_buffers(count, offsets, pa.py_buffer(letters))
        prefix, nothing = (pa.scalar(part, pa.large_string()) for part in (f"{tag}_{self._prefix}", ""))
        return pc.binary_join_element_wise(prefix, text, nothing)


class LineFiles:
    """The files of an import; one for each kind of line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[tuple[str, str, tuple[str, ...], bool], Path] = {}
        self._lock = Lock()

    def write_nodes(self, shape: Shape, columns: Sequence[pa.Array]) -> None:
        """Write nodes. The fields of the shape are all fields: `:ID` too."""
        self._write("nodes", shape, columns)

    def write_relationships(self, type_: str, fields: tuple[str, ...], columns: Sequence[pa.Array]) -> None:
        """Write relationships; the first two fields are their ends."""
        self._write("relationships", Shape(type_, fields), columns)

    def _write(self, what: str, shape: Shape, columns: Sequence[pa.Array]) -> None:
        if not len(columns[0]):
            return
        texts = [as_text(column) for column in columns]
        content = _content(texts)
        with self._lock:
            key = (what, shape.labels, shape.fields, shape.multiline)
            if key not in self._paths:
                self._paths[key] = self._folder / f"{what}-{len(self._paths)}.csv"
                self._paths[key].write_bytes(DELIMITER.join(shape.fields).encode() + b"\n")
            # Opened each time: there may be more files than a process may have open.
            with self._paths[key].open("ab", buffering=0) as file:
                file.write(content)

    def named(self) -> ImportFiles:
        """The files that were written."""
        found: dict[str, dict[str, list[Path]]] = {"nodes": {}, "relationships": {}}
        multiline = []
        for (what, labels, _, is_multiline), path in self._paths.items():
            found[what].setdefault(labels, []).append(path)
            if is_multiline:
                multiline.append(path)
        return ImportFiles(found["nodes"], found["relationships"], multiline)


def as_text(column: Any) -> pa.Array:
    """A column of numbers or texts as fields; a null is an empty field."""
    array = pa.array(column) if isinstance(column, np.ndarray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return pc.fill_null(array.cast(pa.large_string()), "")


def quoted_text(column: pa.Array) -> tuple[pa.Array, bool]:
    """Texts as fields, in quotes where they need them, and whether any does."""
    if not pc.any(pc.match_substring_regex(column, MARKS.pattern)).as_py():
        return column, False
    texts = [None if text is None else quoted(text) for text in column.to_pylist()]
    return pa.array(texts, pa.large_string()), True


def time_fields(microseconds: Any, there: Any = None) -> pa.Array:
    """Times as fields. there: which there are; None for all."""
    stamps = pa.array(microseconds, mask=None if there is None else ~there).cast(pa.timestamp("us"))
    return pc.binary_join_element_wise(pc.utf8_replace_slice(stamps.cast(pa.string()), 10, 11, "T"), "Z", "")


def _content(texts: Sequence[pa.Array]) -> Any:
    """The lines, one after another: the very bytes that lie in the joined column."""
    newline = pa.scalar("\n", pa.large_string())
    last = pc.binary_join_element_wise(texts[-1], newline, pa.scalar("", pa.large_string()))
    delimiter = pa.scalar(DELIMITER, pa.large_string())
    joined = pc.binary_join_element_wise(*texts[:-1], last, delimiter) if len(texts) > 1 else last
    _, offsets, data = joined.buffers()
    ends = np.frombuffer(offsets, np.int64)
    return memoryview(data)[ends[joined.offset] : ends[joined.offset + len(joined)]]
