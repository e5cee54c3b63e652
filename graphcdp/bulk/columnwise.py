"""A table of plain rows -> parts, column by column.

What it cannot be sure to do exactly as `map_row` and `take` do, it leaves to
rowwise.py: it tells which rows these are.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from graphcdp.bulk.encode import Encoded, NotPlainError, as_object, constant, constant_text, encode
from graphcdp.bulk.marks import MARKS, is_header
from graphcdp.bulk.parts import (
    CHUNK_SHIFT,
    EVENT_FIELDS,
    STATEMENT_FIELDS,
    TYPES,
    Chunk,
    Shape,
    microseconds,
    time_field,
    write_table,
)
from graphcdp.bulk.plain import plain_keys
from graphcdp.embedded.admin import DELIMITER
from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.model.messages import (
    AHEAD_MAX_H,
    BYTES_MAX,
    EARLIEST,
    EVENT_NAME_LENGTH_MAX,
    IDENTIFIERS_MAX,
    MESSAGE_ID_LENGTH_MAX,
    SOURCE_LENGTH_MAX,
    Message,
    MessageType,
)
from graphcdp.record.files import SOURCE
from graphcdp.record.mapping import OBJECTS, REST, ImportMapping, RowError, TimeFormat, ValueType, as_text, read_time
from graphcdp.resolve.clean import Cleaner
from graphcdp.resolve.decide import EVENT_PREFIX
from graphcdp.resolve.traits import PROPERTY_NAME_LENGTH_MAX

_UTC_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"
_PLAIN_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?$"


class ColumnReader:
    """Takes the plain rows of tables into a chunk."""

    def __init__(
        self,
        chunk: Chunk,
        folder: Path,
        cleaner: Cleaner,
        now: datetime,
        keys: dict[str, int],
        mapping: ImportMapping,
        source: str | None,
    ) -> None:
        """keys: places of the chunk's keys; grows. source: that `--source` names."""
        self._chunk = chunk
        self._folder = folder
        self._cleaner = cleaner
        self._now = now
        self._keys = keys
        self._mapping = mapping
        self._source = source

    def take(self, table: pa.Table, places: Any) -> Any:
        """Take what is plain of a table; the indices of the rows that are left.

        places: of the rows in the chunk. Raises NotPlainError when that is all of them.
        """
        work = _Work(_simple(table), self._mapping, self._cleaner, self._keys)
        rows = table.num_rows
        type_ = work.types()
        name = work.texts("name", EVENT_NAME_LENGTH_MAX, "", strip=True)
        source = self._sources(work, rows)
        at = work.times(self._now)
        ids, made = work.ids(type_, name)
        slots = work.slots()
        leaves = {area: work.leaves(area) for area in OBJECTS}
        objects = {area: as_object(leaves[area], rows) for area in OBJECTS}
        for text in objects.values():
            work.doubt(pc.greater(pc.binary_length(text), BYTES_MAX))
        is_event = type_ == TYPES.index(MessageType.TRACK)
        work.doubt(is_event & pc.equal(name, "").to_numpy(zero_copy_only=False))
        fine = ~work.doubtful
        given: dict[str, Any] = {
            "ordinal": pa.array(places.astype(np.int64) + (self._chunk.number << CHUNK_SHIFT)),
            "id": ids,
            "at": pa.array(at),
            "type": pa.array(type_, pa.int8()),
            "source": source,
        }
        if made is not None:
            given["made"] = made
        traits = objects["traits"] if leaves["traits"] else None
        self._chunk.trait_names.update(path[0] for path, _ in leaves["traits"])
        self._tell_latest(given, name, objects, work, fine)
        slot_columns = {f"s{number}": pa.array(some) for number, some in enumerate(slots)}
        received = constant_text(time_field(self._now), rows)
        written = _time_fields(at)
        if (fine & is_event).any():
            fixed = [source, name, objects["properties"], objects["context"], written, received]
            self._write_events(given, fixed, traits, slot_columns, leaves["properties"], fine & is_event)
        if (fine & ~is_event).any():
            said = pa.array([one.value for one in TYPES]).take(pa.array(type_))
            tail = pc.binary_join_element_wise(said, source, written, received, DELIMITER)
            self._write(Shape("Statement", STATEMENT_FIELDS), given, tail, traits, slot_columns, fine & ~is_event)
        return np.flatnonzero(work.doubtful)

    def _tell_latest(
        self, given: Mapping[str, Any], name: pa.Array, objects: Mapping[str, pa.Array], work: "_Work", fine: Any
    ) -> None:
        """Remember the last message of each source."""
        coded = given["source"].dictionary_encode()
        code = coded.indices.to_numpy()
        last = np.full(len(coded.dictionary), -1, np.int64)
        np.maximum.at(last, code[fine], np.flatnonzero(fine))
        for row in last[last >= 0].tolist():
            message = Message.model_construct(
                type=TYPES[given["type"][row].as_py()],
                id=given["id"][row].as_py(),
                at=self._now,
                name=name[row].as_py(),
                identifiers=work.claims(row),
                source=given["source"][row].as_py(),
                unset=(),
                **{area: orjson.loads(texts[row].as_py()) for area, texts in objects.items()},
            )
            self._chunk.tell_latest(given["ordinal"][row].as_py(), message)

    def _sources(self, work: "_Work", rows: int) -> pa.Array:
        if self._source is not None:
            if not 1 <= len(self._source) <= SOURCE_LENGTH_MAX or MARKS.search(self._source):
                raise NotPlainError
            return constant_text(self._source, rows)
        return work.texts("source", SOURCE_LENGTH_MAX, SOURCE)

    def _write_events(
        self,
        given: Mapping[str, Any],
        fixed: list[pa.Array],
        traits: pa.Array | None,
        slots: Mapping[str, Any],
        leaves: list[tuple[tuple[str, ...], Encoded]],
        mask: Any,
    ) -> None:
        """Events whose properties have the same types go together: a header names one type."""
        natives = [
            (f"{EVENT_PREFIX}{path[0]}", encoded.natives)
            for path, encoded in leaves
            if len(path) == 1 and encoded.natives and len(path[0]) <= PROPERTY_NAME_LENGTH_MAX
        ]
        code = np.zeros(len(mask), np.int64)
        for _, by_type in natives:
            which = np.zeros(len(mask), np.int64)
            for number, some in enumerate(list(by_type.values())[1:], 1):
                which[pc.is_valid(some).to_numpy(zero_copy_only=False)] = number
            code = code * len(by_type) + which
        for variant in np.unique(code[mask]):
            columns, rest = [], int(variant)
            for name, by_type in reversed(natives):
                rest, number = divmod(rest, len(by_type))
                type_ = list(by_type)[number]
                columns.append((f"{name}:{type_}", by_type[type_]))
            columns.sort(key=lambda column: column[0])
            tail = pc.binary_join_element_wise(
                *fixed, *(column for _, column in columns), DELIMITER, null_handling="replace", null_replacement=""
            )
            shape = Shape("Event", (*EVENT_FIELDS, *(name for name, _ in columns)))
            self._write(shape, given, tail, traits, slots, mask & (code == variant))

    def _write(
        self,
        shape: Shape,
        given: Mapping[str, Any],
        tail: pa.Array,
        traits: pa.Array | None,
        slots: Mapping[str, Any],
        mask: Any,
    ) -> None:
        columns = {**given, "tail": tail.cast(pa.large_string())}
        if traits is not None:
            columns["traits"] = pc.if_else(pc.equal(traits, "{}"), None, traits).cast(pa.large_string())
        table = pa.table({**columns, **slots})
        if not mask.all():
            table = table.filter(pa.array(mask))
        path = self._folder / f"{self._chunk.number}-{len(self._chunk.parts)}.arrow"
        write_table(path, table)
        self._chunk.parts.append((shape, path))


class _Work:
    """One table; `doubtful` are the rows that must be looked at one by one."""

    def __init__(self, table: pa.Table, mapping: ImportMapping, cleaner: Cleaner, keys: dict[str, int]) -> None:
        self._table = table
        self._mapping = mapping
        self._cleaner = cleaner
        self._keys = keys
        self._rows = table.num_rows
        self.doubtful = np.zeros(self._rows, bool)

    def doubt(self, mask: Any) -> None:
        """Leave these rows out."""
        if isinstance(mask, pa.Array):
            mask = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
        self.doubtful |= mask

    def column(self, path: str) -> pa.Array | None:
        """The column at a dotted path; None when there is none."""
        if path in self._table.column_names:
            return _whole(self._table.column(path))
        first, *inner = path.split(".")
        if not inner or first not in self._table.column_names:
            return None
        column = _whole(self._table.column(first))
        for name in inner:
            if not pa.types.is_struct(column.type):
                raise NotPlainError
            if column.type.get_field_index(name) < 0:
                return None
            column = pc.struct_field(column, name)
        return column

    def _mapped(self, area: str) -> tuple[pa.Array | None, Any]:
        """The column and the constant of a field; neither when it is not mapped."""
        fixed = [value for target, value in self._mapping.fixed if target.area == area]
        for target, column in self._mapping.targets:
            if target.area == area:
                return self.column(column), fixed[0] if fixed else None
        return None, fixed[0] if fixed else None

    def distinct(self, column: pa.Array, made: Any, known: Callable[[pa.Array], list[Any]] | None = None) -> list[Any]:
        """What `made` makes of each value, one item a row, each distinct value once; rows without value: None.

        known: the results of distinct texts that need no `made`, None for the others.
        """
        coded = column.dictionary_encode()
        values = coded.dictionary
        results: list[Any] = [None] * len(values)
        if known is not None and pa.types.is_string(values.type):
            results = known(values)
        bad = np.zeros(len(values) + 1, bool)
        left = [place for place, result in enumerate(results) if result is None]
        for place, value in zip(left, values.take(pa.array(left, pa.int32())).to_pylist(), strict=True):
            try:
                results[place] = made(value)
            except (RowError, ValueError):
                bad[place] = True
        indices = pc.fill_null(coded.indices, len(results)).to_numpy(zero_copy_only=False)
        self.doubt(bad[indices])
        results.append(None)
        return [results, indices]

    def types(self) -> Any:
        """Index in TYPES of each row."""
        column, fixed = self._mapped("type")
        if column is None:
            type_ = (
                self._mapping.type_by_default if fixed is None else MessageType(as_text(fixed, "type").strip().lower())
            )
            return np.full(self._rows, TYPES.index(type_), np.int8)
        default = TYPES.index(self._mapping.type_by_default)
        results, indices = self.distinct(
            column, lambda value: TYPES.index(MessageType(as_text(value, "type").strip().lower()))
        )
        return np.array([default if one is None else one for one in results], np.int8)[indices]

    def texts(self, area: str, length_max: int, default: str, *, strip: bool = False) -> pa.Array:
        """A text field of each row."""

        def made(value: Any) -> str:
            text = as_text(value, area)
            if len(text) > length_max or MARKS.search(text):
                raise ValueError
            return (text.strip() if strip else text) or default

        column, fixed = self._mapped(area)
        if column is None:
            try:
                return constant_text(default if fixed is None else made(fixed), self._rows)
            except ValueError:
                raise NotPlainError from None
        results, indices = self.distinct(column, made)
        return pa.array([default if one is None else one for one in results], pa.string()).take(pa.array(indices))

    def times(self, now: datetime) -> Any:
        """When each row happened, in microseconds."""
        column, fixed = self._mapped("at")
        if column is None:
            at = now if fixed is None else read_time(fixed, TimeFormat.ISO)
            found = np.full(self._rows, microseconds(at), np.int64)
        else:
            found = self._read_times(column)
            missing = pc.is_null(column).to_numpy(zero_copy_only=False)
            if missing.any():
                found = np.where(missing, microseconds(now), found)
        self.doubt((found < microseconds(EARLIEST)) | (found > microseconds(now + timedelta(hours=AHEAD_MAX_H))))
        return found

    def _read_times(self, column: pa.Array) -> Any:
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            exact = column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
            return pc.fill_null(exact.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        if pa.types.is_string(kind) and self._mapping.times is TimeFormat.ISO:
            for pattern, type_ in ((_UTC_TIME, pa.timestamp("us", "UTC")), (_PLAIN_TIME, pa.timestamp("us"))):
                if pc.all(pc.match_substring_regex(column, pattern)).as_py():
                    try:
                        exact = column.cast(type_)
                    except pa.ArrowInvalid:
                        break
                    return pc.fill_null(exact.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        results, indices = self.distinct(column, lambda value: microseconds(read_time(value, self._mapping.times)))
        return np.array([0 if one is None else one for one in results], np.int64)[indices]

    def ids(self, type_: Any, name: pa.Array) -> tuple[pa.Array, pa.Array | None]:
        """The messages' ids, and which of them are made of the row's content."""
        column, _ = self._mapped("id")
        if column is None:
            return self._made_ids(type_, name), pa.array(np.ones(self._rows, bool))
        if pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        if not pa.types.is_string(column.type):
            results, indices = self.distinct(column, lambda value: as_text(value, "id"))
            column = pa.array(results, pa.string()).take(pa.array(indices))
        self.doubt(pc.greater(pc.utf8_length(column), MESSAGE_ID_LENGTH_MAX))
        self.doubt(pc.match_substring_regex(column, MARKS.pattern))
        self.doubt(pc.equal(column, ""))
        # A row without an id in a file that has them: its id is made where rows are read one by one.
        self.doubt(pc.is_null(column))
        return column, None

    def _made_ids(self, type_: Any, name: pa.Array) -> pa.Array:
        # A name's white space is part of what the row says, so the mapped text is needed as it stands.
        column, fixed = self._mapped("name")
        if column is not None:
            texts = pc.if_else(pc.equal(column, ""), None, encode(column, ValueType.TEXT, "name").json)
            if not pa.types.is_string(column.type):
                raise NotPlainError
        else:
            texts = constant(fixed, self._rows).json if fixed not in (None, "") else constant_text("null", self._rows)
        leaves = [((other,), self._raw(other)) for other in sorted(self._table.column_names)]
        for _, encoded in leaves:
            # What is doubtful as a property is still right as JSON, unless it has none.
            if encoded.bad is not None:
                self.doubt(encoded.bad & pc.is_null(encoded.json).to_numpy(zero_copy_only=False))
        said = pa.array([f'["{one.value}",' for one in TYPES]).take(pa.array(type_))
        whole = pc.binary_join_element_wise(
            said, pc.fill_null(texts, "null"), ",", as_object(leaves, self._rows), "]", ""
        )
        digest = hashlib.sha256
        return pa.array([f"row-{digest(text.encode()).hexdigest()[:32]}" for text in whole.to_pylist()], pa.string())

    def slots(self) -> list[Any]:
        """The identifiers that each row names: places of keys, an array for each claim."""
        found = []
        for target, value in self._mapping.fixed:
            if target.area == "identifiers" and value != "":
                place = self._place(target.path[0], as_text(value, target.path[0]))
                found.append(np.full(self._rows, place, np.int32))
        for target, name in self._mapping.targets:
            if target.area != "identifiers":
                continue
            column = self.column(name)
            if column is not None:
                kind = target.path[0]
                results, indices = self.distinct(column, partial(self._claimed, kind), partial(self._plain, kind))
                found.append(np.array([-1 if one is None else one for one in results], np.int32)[indices])
        if not found or len(found) > IDENTIFIERS_MAX:
            raise NotPlainError
        self.doubt(np.maximum.reduce(found) < 0)
        return found

    def claims(self, row: int) -> tuple[Claim, ...]:
        """The claims of one row, as they stand there."""
        found = [
            Claim(target.path[0], str(value)) for target, value in self._mapping.fixed if target.area == "identifiers"
        ]
        for target, name in self._mapping.targets:
            column = self.column(name) if target.area == "identifiers" else None
            if column is not None and (value := column[row].as_py()) is not None:
                found.append(Claim(target.path[0], as_text(value, name)))
        return tuple(found)

    def _plain(self, kind: str, values: pa.Array) -> list[int | None]:
        keys, places = plain_keys(kind, values, self._cleaner.rules).to_pylist(), self._keys
        return [None if key is None else places.setdefault(key, len(places)) for key in keys]

    def _claimed(self, kind: str, value: Any) -> int | None:
        text = as_text(value, kind)
        return self._place(kind, text) if text else None

    def _place(self, kind: str, text: str) -> int:
        cleaned = self._cleaner.one(kind, text)
        if not isinstance(cleaned, Identifier):
            raise ValueError(cleaned.message)
        return self._keys.setdefault(cleaned.key, len(self._keys))

    def leaves(self, area: str) -> list[tuple[tuple[str, ...], Encoded]]:
        """The values of an object, with their paths, in the order in which they are placed."""
        found = [
            (target.path, constant(value, self._rows)) for target, value in self._mapping.fixed if target.area == area
        ]
        for target, name in self._mapping.targets:
            if target.area == area and name == REST:
                found += self._rest(target.value_type, {path[0] for path, _ in found if path})
            elif target.area == area and (column := self.column(name)) is not None:
                found.append((target.path, encode(column, target.value_type, name)))
        for path, encoded in found:
            if not path or (area == "properties" and encoded.natives and not is_header(path[0])):
                raise NotPlainError
            if encoded.bad is not None:
                self.doubt(encoded.bad)
        return found

    def _rest(self, value_type: ValueType, placed: set[str]) -> list[tuple[tuple[str, ...], Encoded]]:
        """The columns that the mapping does not name."""
        others = [name for name in self._table.column_names if name not in self._mapping.named_columns]
        if placed & set(others):
            raise NotPlainError
        return [((name,), encode(_whole(self._table.column(name)), value_type, name)) for name in others]

    def _raw(self, name: str) -> Encoded:
        return encode(_whole(self._table.column(name)), ValueType.TEXT, name, sort_keys=True)


def _simple(table: pa.Table) -> pa.Table:
    """The table with one type for texts."""
    for place, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if kind != field.type or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            plain = pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind
            table = table.set_column(place, field.name, table.column(place).cast(plain))
    return table


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _time_fields(at: Any) -> pa.Array:
    text = pa.array(at).cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.utf8_replace_slice(text, 10, 11, "T"), "Z", "")
