"""CSV, JSON Lines, Parquet -> raw messages, row by row: good ones and bad ones, each with its line. Writes nothing."""

import csv
import glob
import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from graphcdp.model.errors import ImportFileError
from graphcdp.model.messages import RawMessage
from graphcdp.record.mapping import ImportMapping, TimeFormat, columns_as_targets, map_row
from graphcdp.record.parquet import ParquetRows
from graphcdp.record.tracking import message_of

LINE_BYTES_MAX = 1024 * 1024
FIELD_LENGTH_MAX = 128 * 1024  # the csv module's own limit: an unclosed quote swallows no more than this
DELIMITERS = (",", ";", "\t", "|")
SOURCE = "import"
REJECTED_SUFFIX = ".rejected.jsonl"

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that became a message.

    line: the file's, from 1, where the row starts; of Parquet, the number of the
    row, from 1. text: as it stands there; of Parquet, as JSON. made_id: the message's
    id is made of the row's content.
    """

    line: int
    message: RawMessage
    text: str = ""
    made_id: bool = False


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be recorded, and why."""

    line: int
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as a file has it: values by column; a column without a value may be absent."""

    line: int
    values: dict[str, Any]
    text: str


class RowFile:
    """An open file of rows. Use it as a context manager; `rows()` or `records()` reads it once, from start to end.

    columns: their names; None for JSON Lines, where each row has its own. header, delimiter:
    of CSV, nameless columns included. table: of Parquet.
    """

    def __init__(self, path: Path, file: IO[bytes], size: int, format_: Format, source: str | None) -> None:
        self.path = path
        self.size_bytes = size
        self.format = format_
        self.columns: list[str] | None = None
        self.header: list[str] = []
        self.delimiter = ""
        self.numbers_equal_rows = True
        self._file = file
        self._source = source
        self._mapping: ImportMapping | None = None
        self._read: Callable[[], Iterator[Record | BadRow]]
        self.table: ParquetRows | None = None
        zipped = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        content = io.BufferedReader(gzip.GzipFile(fileobj=file)) if zipped else file
        self._lines = _Lines(content, path)
        self._occurrences: Counter[bytes] = Counter()

    @classmethod
    def open(
        cls,
        path: Path,
        mapping: ImportMapping | None = None,
        *,
        format_: Format | None = None,
        delimiter: str | None = None,
        source: str | None = None,
    ) -> Self:
        """Open a file and check its head against the mapping, so that what cannot work fails before a row is read.

        Without a mapping, JSON Lines are in the tracking format, and the
        columns of CSV and Parquet are called as their targets. format_: by the
        file's name when absent. delimiter: one character; found in the header
        when absent. source: of every message. Raises ImportFileError.
        """
        opened = cls.open_unmapped(path, format_=format_, delimiter=delimiter, source=source)
        try:
            opened._fit(mapping)
        except BaseException:
            opened._file.close()
            raise
        return opened

    @classmethod
    def open_unmapped(
        cls, path: Path, *, format_: Format | None = None, delimiter: str | None = None, source: str | None = None
    ) -> Self:
        """Open a file for its `records()`, whatever its columns are called. Raises ImportFileError."""
        known = format_ or _format_by_name(path)
        try:
            file = path.open("rb")
            size = path.stat().st_size
        except OSError as error:
            raise ImportFileError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            opened = cls(path, file, size, known, source)
            if known is Format.CSV:
                opened._open_csv(delimiter)
            elif known is Format.PARQUET:
                opened._open_parquet()
            else:
                opened._open_jsonl()
        except BaseException:
            file.close()
            raise
        return opened

    @classmethod
    def of_piece(
        cls,
        path: Path,
        content: bytes,
        mapping: ImportMapping | None,
        *,
        format_: Format,
        delimiter: str | None = None,
        source: str | None = None,
    ) -> Self:
        """Whole lines of a CSV or JSON Lines file, as a file of their own; CSV with its header before them.

        Equal rows get the same made id: whoever has all pieces tells them apart.
        """
        piece = cls(path, io.BytesIO(content), len(content), format_, source)
        piece.numbers_equal_rows = False
        if format_ is Format.CSV:
            piece._open_csv(delimiter)
        else:
            piece._read = piece._jsonl
        piece._fit(mapping)
        return piece

    @property
    def mapping(self) -> ImportMapping | None:
        """The mapping, fitted to the columns; None for the tracking format."""
        return self._mapping

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position_bytes(self) -> int:
        """How much of the file, as it lies on the disk, is read."""
        if self.table is not None:
            # It is read here and there; its rows tell more.
            return self.size_bytes * self.table.given // max(self.table.total, 1)
        return self._file.tell()

    def records(self) -> Iterator[Record | BadRow]:
        """The rows in the file's order, as they stand there."""
        try:
            yield from self._read()
        except (EOFError, OSError, zlib.error) as error:
            yield BadRow(
                (self._lines.number if self.table is None else self.table.given) + 1,
                f"the file cannot be read past this line: {error}. Get it whole and import it again: "
                f"what was recorded is not recorded twice.",
            )

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows in the file's order. A row without an id gets one made of its content, the same each time."""
        for record in self.records():
            if isinstance(record, BadRow):
                yield record
                continue
            yield self.row(record)

    def row(self, record: Record) -> Row | BadRow:
        """The row that a record of this file stands for."""
        try:
            message = self._message(record.values)
        except ValueError as error:
            return BadRow(record.line, str(error), record.text)
        made = message.get("id") is None
        return Row(record.line, self._completed(message, record.values), record.text, made)

    def _message(self, values: dict[str, Any]) -> RawMessage:
        if self._mapping is None:
            return message_of(values, source=self._source or SOURCE)
        if self.format is Format.CSV:
            return map_row(self._mapping, values.get, values)
        return map_row(self._mapping, lambda path: at_path(values, path), values)

    def _fit(self, mapping: ImportMapping | None) -> None:
        """Take the mapping, or the columns' own, when the columns are fit for it."""
        if self.columns is not None:
            if mapping is None:
                mapping = columns_as_targets(self.columns)
            known = set(self.columns)
            for column in sorted(mapping.named_columns - known):
                if self.table is None or column.partition(".")[0] not in known:
                    names = ", ".join(self.columns)
                    raise ImportFileError(f"{self.path} has no column {column!r}; its columns are {names}.")
            if self.table is not None and mapping.columns.get("at") in self.table.time_columns:
                # Such a column says by itself how its times are to be read.
                mapping = mapping.model_copy(update={"times": TimeFormat.ISO})
        self._mapping = mapping

    def _named(self, header: Iterable[str]) -> list[str]:
        named = [name for name in header if name]
        twice = [name for name, count in Counter(named).items() if count > 1]
        if twice:
            raise ImportFileError(f"{self.path} has two columns {twice[0]!r}; give each its own name.")
        return named

    def _open_parquet(self) -> None:
        table = self.table = ParquetRows(self.path, self._file)
        self.columns = self._named(table.columns)
        self._read = lambda: (Record(table.given, row, orjson.dumps(row).decode()) for row in table)

    def _open_jsonl(self) -> None:
        first = self._lines.peek().strip()
        if first == "{":
            raise ImportFileError(
                f"{self.path} spreads an object over lines; write one object a line, for example with: jq -c . FILE."
            )
        if first.startswith("["):
            raise ImportFileError(
                f"{self.path} holds one JSON array; write one object a line, for example with: jq -c '.[]' FILE."
            )
        self._read = self._jsonl

    def _jsonl(self) -> Iterator[Record | BadRow]:
        for text in self._lines:
            line = self._lines.number
            if not text.strip():
                continue
            if (fault := self._lines.fault) is not None:
                yield BadRow(line, fault, text)
                continue
            kept = text.rstrip("\r\n")
            try:
                sent = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                yield BadRow(line, f"no JSON: {error}", kept)
                continue
            if isinstance(sent, dict):
                yield Record(line, sent, kept)
            else:
                yield BadRow(line, f"a row must be a JSON object, not {type(sent).__name__}", kept)

    def _open_csv(self, delimiter: str | None) -> None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ImportFileError(f"The delimiter must be one character, such as ';', not {delimiter!r}.")
        head = self._lines.peek()
        if self._lines.fault is not None:
            raise ImportFileError(f"{self.path}: the header cannot be read: {self._lines.fault}.")
        if not head.strip():
            raise ImportFileError(f"{self.path} starts with no header: its first line must name the columns.")
        if "\r" in head.rstrip("\r\n"):
            raise ImportFileError(f"{self.path} ends its lines with CR alone; save it with LF or CR LF.")
        taken: list[str] = []
        self.delimiter = delimiter or _found_delimiter(head)
        reader = csv.reader(_remembered(self._lines, taken), delimiter=self.delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader)]
        except csv.Error as error:
            raise ImportFileError(f"{self.path}: the header is no CSV: {error}.") from error
        self.columns = self._named(header)
        self.header = header
        taken.clear()
        self._read = lambda: self._csv(reader, header, taken)

    def _csv(self, reader: Iterator[list[str]], header: list[str], taken: list[str]) -> Iterator[Record | BadRow]:
        while True:
            line = self._lines.number + 1
            self._lines.forget_fault()
            taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, _csv_reason(error), "".join(taken).rstrip("\r\n"))
                continue
            if not cells:
                continue
            text = "".join(taken).rstrip("\r\n")
            if self._lines.fault is not None:
                yield BadRow(line, self._lines.fault, text)
            elif len(cells) != len(header):
                yield BadRow(line, f"{len(cells)} fields, but the header has {len(header)}", text)
            else:
                # An empty cell is no value: CSV cannot tell the two apart.
                values = {name: cell for name, cell in zip(header, cells, strict=True) if name and cell}
                yield Record(line, values, text)

    def _completed(self, message: RawMessage, row: dict[str, Any]) -> RawMessage:
        """The message with its source, and with an id when the row brings none.

        Such an id is made of what the row says and of how many rows of the file
        said the same before, so that a file imported twice records nothing
        twice. That keeps about 150 bytes for each row of the file.
        """
        message["source"] = self._source or message.get("source") or SOURCE
        if message.get("id") is None:
            said = [message["type"], message.get("name"), row]
            content = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()[:16]
            self._occurrences[content] += self.numbers_equal_rows
            again = self._occurrences[content] or 1
            message["id"] = f"row-{content.hex()}" if again == 1 else f"row-{content.hex()}-{again}"
        return message


def named_files(patterns: Iterable[Path]) -> list[Path]:
    """The files that paths and patterns (`*`, `?`, `[...]`, `**`) name, each once, those of a pattern by name.

    Bad rows that were kept beside files are none of a pattern's. Raises
    ImportFileError for a pattern that fits no file.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        text = str(pattern)
        if not glob.has_magic(text) or pattern.exists():
            found[pattern] = None
            continue
        fitting = sorted(
            path
            for name in glob.iglob(text, recursive=True)  # noqa: PTH207  # a Path's own glob takes no absolute pattern
            if (path := Path(name)).is_file() and not name.endswith(REJECTED_SUFFIX)
        )
        if not fitting:
            raise ImportFileError(f"No file fits {text!r}.")
        found |= dict.fromkeys(fitting)
    return list(found)


class _Lines:
    """Lines of a file as text. number: of the line given last, from 1.

    A line that is no UTF-8 or too long is given all the same, cut and with
    replacement characters; `fault` then says what is wrong with it, until
    `forget_fault` or, in JSON Lines, the next line.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.number = 0
        self.fault: str | None = None
        self._file = file
        self._path = path
        self._waiting: str | None = None
        self._keeps_fault = False

    def peek(self) -> str:
        """The first line, which is given again; empty for an empty file. Raises ImportFileError."""
        try:
            self._waiting = self._read()
        except (EOFError, OSError, zlib.error) as error:
            raise ImportFileError(f"{self._path} cannot be read: {error}.") from error
        return self._waiting

    def forget_fault(self) -> None:
        """Start a row that may span lines: a fault in any of them is the row's."""
        self.fault = None
        self._keeps_fault = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._waiting is not None:
            text, self._waiting = self._waiting, None
        else:
            text = self._read()
        if not text:
            raise StopIteration
        self.number += 1
        return text

    def _read(self) -> str:
        if not self._keeps_fault:
            self.fault = None
        raw = self._file.readline(LINE_BYTES_MAX + 1)
        if len(raw) > LINE_BYTES_MAX and not raw.endswith(b"\n"):
            self.fault = f"the line is longer than {LINE_BYTES_MAX} bytes"
            raw = raw[:1000]
            while (more := self._file.readline(LINE_BYTES_MAX)) and not more.endswith(b"\n"):
                pass
            return raw.decode("utf-8-sig", errors="replace") + "\n"
        if self.number == 0 and raw.startswith(_UTF16):
            raise ImportFileError(f"{self._path} is UTF-16; save it as UTF-8 and import it again.")
        try:
            # The mark at the start of a file is no part of its first column's name.
            return raw.decode("utf-8-sig" if self.number == 0 else "utf-8")
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            self.fault = f"byte {error.start + 1} of the line (0x{byte:02x}) is no UTF-8; save the file as UTF-8"
            return raw.decode("utf-8", errors="replace")


def _remembered(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for text in lines:
        taken.append(text)
        yield text


def _csv_reason(error: csv.Error) -> str:
    reason = str(error)
    if "field larger than" in reason or "unexpected end of data" in reason:
        return "a quote that opens in this row is not closed"
    return f"malformed CSV: {reason}"


def _found_delimiter(head: str) -> str:
    """The delimiter that makes the most columns of a header; the first of DELIMITERS when all make one."""

    def columns(delimiter: str) -> int:
        return len(next(csv.reader([head], delimiter=delimiter)))

    return max(DELIMITERS, key=columns)


def _format_by_name(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    if last in (".csv", ".tsv", ".txt"):
        return Format.CSV
    if last in (".jsonl", ".ndjson", ".json"):
        return Format.JSONL
    if last in (".parquet", ".pq"):
        return Format.PARQUET
    raise ImportFileError(
        f"{path}: its name does not tell what it is; give --format csv, --format jsonl or --format parquet "
        f"(known by name: .csv, .tsv, .txt, .jsonl, .ndjson, .json, each also with .gz, and .parquet, .pq)."
    )


def at_path(sent: dict[str, Any], path: str) -> Any:
    """The value at a dotted path; None when there is none. A key with dots in it comes first."""
    if path in sent:
        return sent[path]
    value: Any = sent
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
