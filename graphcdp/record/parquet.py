"""Parquet -> rows of JSON values, batch by batch, so that a file larger than memory can be read."""

import importlib
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import orjson

from graphcdp.model.errors import ImportFileError

ROWS_AT_ONCE = 1000
_INTEGER_MAX = 2**63  # what the database can hold; a decimal may be longer


class ParquetRows:
    """The rows of an open Parquet file: iterate once.

    columns: names, in the file's order. time_columns: those that hold times or
    dates by themselves. total: rows in the file. given: rows so far.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        """Read the file's foot. Raises ImportFileError when it is no Parquet or when Parquet cannot be read here."""
        self._arrow = arrow()
        try:
            self._file = importlib.import_module("pyarrow.parquet").ParquetFile(file, coerce_int96_timestamp_unit="us")
        except (self._arrow.ArrowException, OSError) as error:
            raise ImportFileError(f"{path} cannot be read as Parquet: {_one_line(error)}.") from error
        schema = self._file.schema_arrow
        self.columns: list[str] = list(schema.names)
        self.total: int = self._file.metadata.num_rows
        self.given = 0
        kinds = self._arrow.types
        self.time_columns = frozenset(
            field.name for field in schema if kinds.is_timestamp(field.type) or kinds.is_date(field.type)
        )
        self._readable = self._arrow.schema([field.with_type(self._in_microseconds(field.type)) for field in schema])
        self._is_exact = self._readable.equals(schema)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Rows by column, as JSON values; a column without a value is absent. Raises OSError past what can be read."""
        try:
            for table in self.tables(None, ROWS_AT_ONCE):
                for row in _rows(table):
                    self.given += 1
                    yield row
        except (self._arrow.ArrowException, ValueError) as error:
            raise OSError(_one_line(error)) from error

    def tables(self, groups: Sequence[int] | None, rows_at_once: int) -> Iterator[Any]:
        """The rows as pyarrow tables. groups: numbers of row groups; None for all. Raises OSError as above."""
        try:
            for batch in self._file.iter_batches(batch_size=rows_at_once, row_groups=groups):
                # Python's times have microseconds: what is finer is cut off.
                table = self._arrow.Table.from_batches([batch])
                yield table if self._is_exact else table.cast(self._readable, safe=False)
        except (self._arrow.ArrowException, ValueError) as error:
            raise OSError(_one_line(error)) from error

    def records(self, table: Any) -> Iterator[tuple[dict[str, Any], str]]:
        """The rows of such a table by column, as JSON values, each with its text."""
        return ((row, orjson.dumps(row).decode()) for row in _rows(table))

    def _in_microseconds(self, type_: Any) -> Any:
        pa = self._arrow
        if pa.types.is_timestamp(type_) and type_.unit == "ns":
            return pa.timestamp("us", type_.tz)
        if pa.types.is_time(type_) and type_.unit == "ns":
            return pa.time64("us")
        if pa.types.is_duration(type_) and type_.unit == "ns":
            return pa.duration("us")
        if pa.types.is_list(type_):
            return pa.list_(type_.value_field.with_type(self._in_microseconds(type_.value_type)))
        if pa.types.is_struct(type_):
            return pa.struct([inner.with_type(self._in_microseconds(inner.type)) for inner in type_])
        return type_


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    for row in table.to_pylist():
        yield {name: value for name, raw in row.items() if (value := json_value(raw)) is not None}


def arrow() -> Any:
    """The module pyarrow. Raises ImportFileError that says how to get it."""
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportFileError(
            "Parquet needs pyarrow, which is not installed: pip install 'graphcdp[parquet]', or use CSV or JSON Lines."
        ) from error


def json_value(value: Any) -> Any:
    """A value of Parquet as JSON has it.

    Times are RFC 3339 (UTC where they have a zone), spans are seconds, bytes
    that are no text are hexadecimal; a number that is none is no value.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z") if value.tzinfo else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, dict):
        return {str(name): json_value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(inner, tuple) and len(inner) == 2 for inner in value):
            # So a map comes.
            return {str(name): json_value(inner) for name, inner in value}
        return [json_value(inner) for inner in value]
    return str(value)


def _number(value: Decimal) -> int | float | str | None:
    if not value.is_finite():
        return None
    if value == value.to_integral_value():
        whole = int(value)
        return whole if abs(whole) < _INTEGER_MAX else str(whole)
    return float(value)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
