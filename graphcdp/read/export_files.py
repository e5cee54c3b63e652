"""An export as JSON Lines or Parquet, in a folder that is there only when all of it is. Source: docs/export.md."""

import csv
import importlib
import io
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self, cast

import orjson

from graphcdp.model.errors import ExportError
from graphcdp.model.times import full_time
from graphcdp.read.export import COLUMNS, Kind, Shape, Values

MANIFEST = "manifest.json"
PARTIAL = ".partial"
GROUP_ROWS = 50_000
GROUP_TEXT_LENGTH = 32 * 1024 * 1024


class ExportFormat(StrEnum):
    """How the files are written."""

    JSONL = "jsonl"
    PARQUET = "parquet"


class _Writer(Protocol):
    def write(self, rows: Sequence[Values]) -> None: ...
    def close(self) -> None: ...


class ExportFolder:
    """A folder that is written beside its place and moved there by `finish`. Use it as a context manager.

    Whatever ends the block before that leaves nothing. What a killed process left
    ends in `.partial`, has no manifest, and is replaced by the next export to the place.
    """

    def __init__(self, path: Path, format_: ExportFormat) -> None:
        """Raises ExportError when the place is taken, or when Parquet cannot be written here."""
        path = path.absolute()
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise ExportError(f"{path} exists already and is no empty folder; name another one, or remove it.")
        self.path = path
        self.format = format_
        self._partial = path.with_name(f"{path.name}{PARTIAL}")
        self._arrow = _arrow() if format_ is ExportFormat.PARQUET else None
        self._finished = False

    def __enter__(self) -> Self:
        try:
            self._remove_leftovers()
            # Only its owner may look into it: it holds personal data.
            self._partial.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            shutil.rmtree(self._partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise self._unwritable(error) from error

    def open(self, kind: Kind) -> "KindFile":
        """The file of a kind, to be written."""
        path = self._partial / self.file_of(kind)
        columns = COLUMNS[kind]
        file = path.open("wb")
        writer = _JsonLines(file, columns) if self._arrow is None else _Parquet(file, columns, self._arrow)
        return KindFile(path, writer)

    def file_of(self, kind: Kind) -> str:
        """The name of a kind's file."""
        return f"{kind}.{self.format}"

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, last of all, and move the folder to its place. Raises ExportError."""
        try:
            with (self._partial / MANIFEST).open("wb") as file:
                file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
                _sync(file)
            if self.path.exists():
                self.path.rmdir()
            self._partial.rename(self.path)
        except OSError as error:
            raise self._unwritable(error) from error
        self._finished = True

    def _remove_leftovers(self) -> None:
        if not self._partial.exists():
            return
        ours = {MANIFEST, *(f"{kind}.{format_}" for kind in Kind for format_ in ExportFormat)}
        if not self._partial.is_dir() or any(path.name not in ours for path in self._partial.iterdir()):
            raise ExportError(f"{self._partial} is in the way, and no export left it; remove it, or name another one.")
        shutil.rmtree(self._partial)

    def _unwritable(self, error: OSError) -> ExportError:
        return ExportError(f"{self.path} cannot be written: {error.strerror or error}. Nothing was left there.")


class KindFile:
    """One file of an export. rows: how many it has."""

    def __init__(self, path: Path, writer: _Writer) -> None:
        self.rows = 0
        self._path = path
        self._writer = writer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def write(self, rows: Sequence[Values]) -> None:
        """Add rows, their values in the order of the kind's columns. Raises OSError."""
        self.rows += len(rows)
        self._writer.write(rows)

    @property
    def size_bytes(self) -> int:
        """Of the file, when it is closed."""
        return self._path.stat().st_size


class TableFormat(StrEnum):
    """How one table is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class TableFile:
    """One table as a file that is there only when all of it is, or on a stream. Use it as a context manager.

    rows: how many it has.
    """

    def __init__(self, path: Path | None, format_: TableFormat, columns: dict[str, Shape], stream: BinaryIO) -> None:
        """path: None to write to the stream. Raises ExportError when it cannot be written here."""
        if path is None and format_ is TableFormat.PARQUET:
            raise ExportError("Parquet is written into a file: name one with -o.")
        self.rows = 0
        self._path = path
        self._partial = None if path is None else path.with_name(f"{path.name}{PARTIAL}")
        self._format = format_
        self._columns = columns
        self._stream = stream
        self._arrow = _arrow() if format_ is TableFormat.PARQUET else None

    def __enter__(self) -> Self:
        try:
            self._writer = self._opened()
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
            if self._partial is not None and self._path is not None and error is None:
                self._partial.replace(self._path)
        except OSError as failed:
            raise self._unwritable(failed) from failed
        finally:
            if self._partial is not None:
                self._partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise self._unwritable(error) from error

    def write(self, rows: Sequence[Values]) -> None:
        """Add rows, their values in the order of the columns. Raises OSError."""
        self.rows += len(rows)
        self._writer.write(rows)

    def _opened(self) -> _Writer:
        if self._partial is None:
            file: BinaryIO = cast("BinaryIO", _Kept(self._stream))
        else:
            # Only its owner may look into it: it holds personal data.
            file = open(os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")  # noqa: SIM115, PTH123
        if self._arrow is not None:
            return _Parquet(file, self._columns, self._arrow)
        return _Csv(file, self._columns) if self._format is TableFormat.CSV else _JsonLines(file, self._columns)

    def _unwritable(self, error: OSError) -> ExportError:
        return ExportError(f"{self._path or 'The output'} cannot be written: {error.strerror or error}.")


class _Csv:
    """Comma, quotes where they are needed, a line with the names first; text as it is, other values as JSON."""

    def __init__(self, file: BinaryIO, columns: dict[str, Shape]) -> None:
        self._file = file
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._shapes = list(columns.values())
        self._csv = csv.writer(self._text)
        self._csv.writerow(columns)

    def write(self, rows: Sequence[Values]) -> None:
        self._csv.writerows(
            [_cell(shape, value) for shape, value in zip(self._shapes, row, strict=True)] for row in rows
        )

    def close(self) -> None:
        self._text.flush()
        self._text.detach()
        with self._file:
            _sync(self._file)


class _JsonLines:
    def __init__(self, file: BinaryIO, columns: dict[str, Shape]) -> None:
        self._file = file
        self._columns = list(columns.items())

    def write(self, rows: Sequence[Values]) -> None:
        for row in rows:
            told = {name: _json(shape, value) for (name, shape), value in zip(self._columns, row, strict=True)}
            self._file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        with self._file:
            _sync(self._file)


class _Parquet:
    """Row groups of GROUP_ROWS rows, smaller ones where texts are long."""

    def __init__(self, file: BinaryIO, columns: dict[str, Shape], arrow: Any) -> None:
        self._arrow = arrow
        types = {
            Shape.TEXT: arrow.string(),
            Shape.TEXTS: arrow.list_(arrow.string()),
            Shape.TIME: arrow.timestamp("us", "UTC"),
            Shape.JSON: arrow.string(),
        }
        self._columns = list(columns.items())
        self._schema = arrow.schema([arrow.field(name, types[shape]) for name, shape in self._columns])
        self._file = file
        parquet = importlib.import_module("pyarrow.parquet")
        self._writer = parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        self._rows: list[Values] = []
        self._length = 0

    def write(self, rows: Sequence[Values]) -> None:
        for row in rows:
            self._rows.append(row)
            self._length += sum(len(value) for value in row if isinstance(value, str))
            if len(self._rows) >= GROUP_ROWS or self._length >= GROUP_TEXT_LENGTH:
                self._write_group()

    def close(self) -> None:
        with self._file:
            if self._rows:
                self._write_group()
            self._writer.close()
            _sync(self._file)

    def _write_group(self) -> None:
        values = zip(*self._rows, strict=True)
        arrays = []
        for (name, shape), column in zip(self._columns, values, strict=True):
            given = [_time(value) for value in column] if shape is Shape.TIME else column
            arrays.append(self._arrow.array(given, type=self._schema.field(name).type))
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._length = [], 0


def _json(shape: Shape, value: Any) -> Any:
    if value is None:
        return None
    if shape is Shape.TIME:
        return full_time(value)
    return orjson.Fragment(value) if shape is Shape.JSON else value


def _cell(shape: Shape, value: Any) -> Any:
    if value is None:
        return ""
    if shape is Shape.TIME:
        return full_time(value)
    if shape is Shape.TEXTS:
        return orjson.dumps(value).decode()
    if shape is Shape.JSON:
        found = orjson.loads(value)
        return found if isinstance(found, str) else value
    return value


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(full_time(text))


class _Kept(io.BufferedIOBase):
    """A stream that stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()


def _sync(file: BinaryIO) -> None:
    file.flush()
    if not isinstance(file, _Kept):
        os.fsync(file.fileno())


def _arrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ExportError(
            "Parquet needs pyarrow, which is not installed: pip install 'graphcdp[parquet]', or leave out --format."
        ) from error
