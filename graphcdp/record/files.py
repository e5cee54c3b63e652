"""CSV and JSON Lines -> raw messages, row by row: good ones and bad ones, each with its line. Writes nothing."""

import csv
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
from graphcdp.record.mapping import ImportMapping, RowError, columns_as_targets, map_row
from graphcdp.record.tracking import message_of

LINE_BYTES_MAX = 1024 * 1024
FIELD_LENGTH_MAX = 128 * 1024  # the csv module's own limit: an unclosed quote swallows no more than this
DELIMITERS = (",", ";", "\t", "|")
SOURCE = "import"

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that became a message. line: the file's, from 1, where the row starts. text: as it stands there."""

    line: int
    message: RawMessage
    text: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be recorded, and why."""

    line: int
    reason: str
    text: str = ""


class RowFile:
    """An open file of rows. Use it as a context manager; `rows()` reads it once, from start to end."""

    def __init__(self, path: Path, file: IO[bytes], size: int, format_: Format, source: str | None) -> None:
        self.path = path
        self.size_bytes = size
        self.format = format_
        self._file = file
        self._source = source
        self._rows: Callable[[], Iterator[Row | BadRow]]
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
        columns of a CSV file are called as their targets. format_: by the
        file's name when absent. delimiter: one character; found in the header
        when absent. source: of every message. Raises ImportFileError.
        """
        known = format_ or _format_by_name(path)
        try:
            file = path.open("rb")
            size = path.stat().st_size
        except OSError as error:
            raise ImportFileError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            opened = cls(path, file, size, known, source)
            if known is Format.CSV:
                opened._open_csv(mapping, delimiter)
            else:
                opened._open_jsonl(mapping)
        except BaseException:
            file.close()
            raise
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position_bytes(self) -> int:
        """How much of the file, as it lies on the disk, is read."""
        return self._file.tell()

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows in the file's order. A row without an id gets one made of its content, the same each time."""
        try:
            yield from self._rows()
        except (EOFError, OSError, zlib.error) as error:
            yield BadRow(
                self._lines.number + 1,
                f"the file cannot be read past this line: {error}. Get it whole and import it again: "
                f"what was recorded is not recorded twice.",
            )

    def _open_jsonl(self, mapping: ImportMapping | None) -> None:
        first = self._lines.peek().strip()
        if first == "{":
            raise ImportFileError(
                f"{self.path} spreads an object over lines; write one object a line, for example with: jq -c . FILE."
            )
        if first.startswith("["):
            raise ImportFileError(
                f"{self.path} holds one JSON array; write one object a line, for example with: jq -c '.[]' FILE."
            )
        self._rows = lambda: self._jsonl(mapping)

    def _jsonl(self, mapping: ImportMapping | None) -> Iterator[Row | BadRow]:
        for text in self._lines:
            line = self._lines.number
            if not text.strip():
                continue
            if (fault := self._lines.fault) is not None:
                yield BadRow(line, fault, text)
                continue
            try:
                sent = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                yield BadRow(line, f"no JSON: {error}", text.rstrip("\r\n"))
                continue
            yield self._object_row(sent, mapping, line, text.rstrip("\r\n"))

    def _object_row(self, sent: Any, mapping: ImportMapping | None, line: int, text: str) -> Row | BadRow:
        if not isinstance(sent, dict):
            return BadRow(line, f"a row must be a JSON object, not {type(sent).__name__}", text)
        try:
            if mapping is None:
                message = message_of(sent, source=self._source or SOURCE)
            else:
                message = map_row(mapping, lambda path: _at_path(sent, path), sent)
        except ValueError as error:
            return BadRow(line, str(error), text)
        return Row(line, self._completed(message, sent), text)

    def _open_csv(self, mapping: ImportMapping | None, delimiter: str | None) -> None:
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
        reader = csv.reader(_remembered(self._lines, taken), delimiter=delimiter or _found_delimiter(head), strict=True)
        try:
            header = [name.strip() for name in next(reader)]
        except csv.Error as error:
            raise ImportFileError(f"{self.path}: the header is no CSV: {error}.") from error
        named = [name for name in header if name]
        twice = [name for name, count in Counter(named).items() if count > 1]
        if twice:
            raise ImportFileError(f"{self.path} has two columns {twice[0]!r}; give each its own name.")
        if mapping is None:
            mapping = columns_as_targets(named)
        unknown = sorted(mapping.named_columns - set(named))
        if unknown:
            raise ImportFileError(f"{self.path} has no column {unknown[0]!r}; its columns are {', '.join(named)}.")
        taken.clear()
        self._rows = lambda: self._csv(reader, header, mapping, taken)

    def _csv(
        self, reader: Iterator[list[str]], header: list[str], mapping: ImportMapping, taken: list[str]
    ) -> Iterator[Row | BadRow]:
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
                row = {name: cell for name, cell in zip(header, cells, strict=True) if name and cell}
                try:
                    message = map_row(mapping, row.get, row)
                except RowError as error:
                    yield BadRow(line, str(error), text)
                else:
                    yield Row(line, self._completed(message, row), text)

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
            self._occurrences[content] += 1
            again = self._occurrences[content]
            message["id"] = f"row-{content.hex()}" if again == 1 else f"row-{content.hex()}-{again}"
        return message


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
    raise ImportFileError(
        f"{path}: its name does not tell what it is; give --format csv or --format jsonl "
        f"(known by name: .csv, .tsv, .txt, .jsonl, .ndjson, .json, each also with .gz)."
    )


def _at_path(sent: dict[str, Any], path: str) -> Any:
    """The value at a dotted path; None when there is none. A key with dots in it comes first."""
    if path in sent:
        return sent[path]
    value: Any = sent
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
