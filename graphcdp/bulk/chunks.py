"""Files -> chunks of rows, each read by whichever process is free."""

import gzip
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from graphcdp.bulk.columnwise import ColumnReader
from graphcdp.bulk.encode import NotPlainError
from graphcdp.bulk.parts import Chunk, write_table
from graphcdp.bulk.rowwise import RowReader
from graphcdp.record.files import BadRow, Format, Record, Row, RowFile
from graphcdp.record.mapping import ImportMapping
from graphcdp.record.plan_file import read_plan_file
from graphcdp.resolve.clean import Cleaner
from graphcdp.resolve.rules import IdentityRules
from graphcdp.tracking_plan.plan import TrackingPlan

PIECE_BYTES = 12 * 1024 * 1024
"""Of a text file, in one chunk."""
TABLE_ROWS = 65_536
"""Of a Parquet file, worked on at once."""
REMEMBERED_MAX = 1_000_000
"""Claims that a process remembers."""
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Given:
    """What all chunks share. plan: file of the tracking plan."""

    rules: IdentityRules
    now: datetime
    folder: Path
    source: str | None
    delimiter: str | None
    plan: Path | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One chunk to read.

    content: lines of a text file, with the header before them where there is one;
    lines_before: how many lines of the file the first of `content` has before it,
    the header not counted twice. rows: from and to, of a Parquet file.
    """

    number: int
    path: Path
    format: Format
    mapping: ImportMapping | None
    content: bytes = b""
    header_lines: int = 0
    lines_before: int = 0
    groups: tuple[int, ...] = ()
    rows_before: int = 0
    end_bytes: int = 0


class BrokenPieceError(Exception):
    """A field goes on past the end of a piece: the file must be read as one."""


def tasks(file: RowFile, first_number: int) -> Iterator[Task]:
    """The chunks of an open file, in its order. Raises BrokenPieceError on the way, OSError past what can be read."""
    if file.format is Format.PARQUET:
        yield from _table_tasks(file, first_number)
    else:
        yield from _text_tasks(file, first_number)


def _table_tasks(file: RowFile, first_number: int) -> Iterator[Task]:
    metadata = pyarrow.parquet.ParquetFile(file.path).metadata
    before = 0
    for group in range(metadata.num_row_groups):
        yield Task(
            first_number + group,
            file.path,
            file.format,
            file.mapping,
            groups=(group,),
            rows_before=before,
            end_bytes=file.size_bytes * (group + 1) // metadata.num_row_groups,
        )
        before += metadata.row_group(group).num_rows


def _text_tasks(file: RowFile, first_number: int) -> Iterator[Task]:
    is_csv = file.format is Format.CSV
    with file.path.open("rb") as raw:
        zipped = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        lines: IO[bytes] = gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[assignment]
        header = lines.readline() if is_csv else b""
        if header.count(b'"') % 2:
            raise BrokenPieceError
        before = header.count(b"\n")
        number = first_number
        while start := lines.read(PIECE_BYTES):
            piece = start + lines.readline()
            if is_csv and piece.count(b'"') % 2:
                raise BrokenPieceError
            yield Task(
                number,
                file.path,
                file.format,
                file.mapping,
                content=header + piece,
                header_lines=1 if is_csv else 0,
                lines_before=before - header.count(b"\n"),
                end_bytes=raw.tell(),
            )
            before += piece.count(b"\n")
            number += 1


_given: Given | None = None
_cleaner: Cleaner | None = None
_plan: TrackingPlan | None = None


def prepare_process(given: Given) -> None:
    """What a process needs before it reads chunks."""
    global _given, _cleaner, _plan
    # Ctrl-C is for the process that gave the work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pa.set_cpu_count(1)
    _given, _cleaner, _plan = given, Cleaner(given.rules, REMEMBERED_MAX), plan_of(given)


def plan_of(given: Given) -> TrackingPlan | None:
    """The tracking plan; read by each process, since it holds what cannot be sent to one."""
    return None if given.plan is None else read_plan_file(given.plan)


def read_chunk(task: Task) -> Chunk:
    """Read one chunk; its parts are in the folder."""
    assert _given is not None
    assert _cleaner is not None
    return _Reading(task, _given, _cleaner, _plan).read()


def read_rows(
    rows: Iterator[Row | BadRow], number: int, path: Path, given: Given, cleaner: Cleaner, plan: TrackingPlan | None
) -> Chunk:
    """Read rows one by one as one chunk, in this process."""
    reading = _Reading(Task(number, path, Format.CSV, None), given, cleaner, plan)
    reading.by_row(enumerate(rows))
    return reading.finish()


class _Reading:
    def __init__(self, task: Task, given: Given, cleaner: Cleaner, plan: TrackingPlan | None) -> None:
        self._task = task
        self._given = given
        self._cleaner = cleaner
        self._keys: dict[str, int] = {}
        path = given.folder / f"{task.number}-keys.arrow"
        self._chunk = Chunk(task.number, task.path, path)
        self._rows = RowReader(self._chunk, given.folder, cleaner, given.now, self._keys, plan)

    def read(self) -> Chunk:
        task = self._task
        if task.format is Format.PARQUET:
            self._read_parquet()
        elif task.format is Format.CSV and task.mapping is not None:
            self._read_csv(task.mapping)
        else:
            self._by_piece(task.content, None)
        return self.finish()

    def by_row(self, rows: Any) -> None:
        """Take rows with their places, one by one."""

        def counted() -> Iterator[tuple[int, Row | BadRow]]:
            for place, row in rows:
                self._chunk.rows += 1
                yield place, row

        self._rows.take_all(counted())

    def finish(self) -> Chunk:
        self._rows.finish()
        write_table(self._chunk.keys, pa.table({"key": pa.array(list(self._keys), pa.string())}))
        self._chunk.refused.sort(key=lambda refused: refused.line)
        return self._chunk

    def _by_piece(self, content: bytes, lines: list[int] | None) -> None:
        """Lines one by one. lines: number of each line after the header, when they do not follow one another."""
        task, given = self._task, self._given
        piece = RowFile.of_piece(
            task.path, content, task.mapping, format_=task.format, delimiter=given.delimiter, source=given.source
        )

        def placed() -> Iterator[tuple[int, Row | BadRow]]:
            for row in piece.rows():
                within = row.line - task.header_lines - 1
                place = within if lines is None else lines[within]
                yield place, _at_line(row, place + task.header_lines + task.lines_before + 1)

        self.by_row(placed())

    def _read_csv(self, mapping: ImportMapping) -> None:
        task = self._task
        header, _, body = task.content.partition(b"\n")
        try:
            self._check_plain()
            table, left = self._csv_table(header, body)
            reader = self._columns(mapping)
            places = np.arange(table.num_rows + len(left))
            if left:
                places = np.delete(places, left)
            doubtful = reader.take(table, places) if table.num_rows else places[:0]
        except (pa.ArrowInvalid, NotPlainError):
            self._chunk.parts.clear()
            self._by_piece(task.content, None)
            return
        self._chunk.rows += table.num_rows - len(doubtful)
        one_by_one = sorted([*left, *places[doubtful].tolist()])
        if one_by_one:
            lines = body.split(b"\n")
            some = b"\n".join([header, *(lines[place] for place in one_by_one), b""])
            self._by_piece(some, one_by_one)

    def _csv_table(self, header: bytes, body: bytes) -> tuple[pa.Table, list[int]]:
        """The rows that have as many fields as the header, and the places of the others.

        Raises NotPlainError when a place is not the line's, or when it is not sure that
        Python's csv would read the same.
        """
        task, given = self._task, self._given
        piece = RowFile.of_piece(
            task.path, header + b"\n", task.mapping, format_=task.format, delimiter=given.delimiter, source=given.source
        )
        if not body.endswith(b"\n"):
            body += b"\n"
        if body.count(b"\r") != body.count(b"\r\n") or b"\n\n" in body or b"\n\r\n" in body or body[:1] in b"\r\n":
            raise NotPlainError
        delimiter = piece.delimiter.encode()
        if len(delimiter) != 1 or not _quotes_surround(body, delimiter):
            raise NotPlainError
        others: list[int | None] = []

        def left(row: Any) -> str:
            others.append(row.number)
            return "skip"

        names = [name or f"\0{place}" for place, name in enumerate(piece.header)]
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=len(body) + 1, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=piece.delimiter, newlines_in_values=False, invalid_row_handler=left
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        if None in others or table.num_rows + len(others) != body.count(b"\n"):
            raise NotPlainError
        columns = {
            name: pa.compute.if_else(pa.compute.equal(column, ""), None, column).combine_chunks()
            for name, column in zip(names, table.columns, strict=True)
            if not name.startswith("\0")
        }
        return pa.table(columns), [number - 1 for number in others if number is not None]

    def _check_plain(self) -> None:
        # A plan looks at each message as a whole.
        if self._given.plan is not None:
            raise NotPlainError

    def _columns(self, mapping: ImportMapping) -> ColumnReader:
        given = self._given
        return ColumnReader(self._chunk, given.folder, self._cleaner, given.now, self._keys, mapping, given.source)

    def _read_parquet(self) -> None:
        task, given = self._task, self._given
        with RowFile.open(task.path, task.mapping, format_=task.format, source=given.source) as file:
            file.numbers_equal_rows = False
            table_rows = file.table
            assert table_rows is not None
            assert task.mapping is not None
            place = 0
            for readable in table_rows.tables(task.groups, TABLE_ROWS):
                places = np.arange(place, place + readable.num_rows)
                parts = len(self._chunk.parts)
                try:
                    self._check_plain()
                    left = self._columns(task.mapping).take(readable, places)
                except NotPlainError:
                    del self._chunk.parts[parts:]
                    left = np.arange(readable.num_rows)
                self._chunk.rows += readable.num_rows - len(left)
                if len(left):
                    records = table_rows.records(readable.take(pa.array(left)))
                    numbered = zip((places[left]).tolist(), records, strict=True)
                    self.by_row(
                        (number, file.row(Record(task.rows_before + number + 1, values, text)))
                        for number, (values, text) in numbered
                    )
                place += readable.num_rows


def _at_line(row: Row | BadRow, line: int) -> Row | BadRow:
    if isinstance(row, BadRow):
        return BadRow(line, row.reason, row.text)
    return Row(line, row.message, row.text, row.made_id)


def _quotes_surround(body: bytes, delimiter: bytes) -> bool:
    """Whether every quote opens or closes a field; doubled ones within fields aside."""
    if b'"' not in body:
        return True
    left = body.replace(b'""', b"")
    opening = left.count(delimiter + b'"') + left.count(b'\n"') + left.startswith(b'"')
    closing = left.count(b'"' + delimiter) + left.count(b'"\n') + left.count(b'"\r\n')
    return left.count(b'"') == opening + closing and opening == closing
