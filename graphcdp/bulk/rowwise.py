"""Raw messages -> parts, one by one: for rows that are not plain enough to be worked on as columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from graphcdp.bulk.marks import EMPTY, MARKS, Shapes, quoted, split_natives
from graphcdp.bulk.parts import (
    CHUNK_SHIFT,
    EVENT_FIELDS,
    STATEMENT_FIELDS,
    TYPES,
    Chunk,
    Late,
    Refused,
    Shape,
    microseconds,
    time_field,
    write_table,
)
from graphcdp.embedded.admin import ARRAY_DELIMITER, DELIMITER
from graphcdp.model.identifiers import Identifier
from graphcdp.model.messages import Message, MessageType, RawMessage
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.record.files import BadRow, Row
from graphcdp.record.intake import take
from graphcdp.record.rejections import rejection_row
from graphcdp.resolve.clean import Cleaned, Cleaner
from graphcdp.resolve.decide import EVENT_PREFIX, RETAKEN, nobody
from graphcdp.resolve.traits import native_scalars
from graphcdp.tracking_plan.plan import FINE, TrackingPlan


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message: its place in the chunk, the places of its keys, its fields, its properties by name and type."""

    place: int
    message: Message
    made_id: bool
    keys: tuple[int, ...]
    fields: str
    natives: dict[tuple[str, str], str]


@dataclass(slots=True)
class _Rows:
    """Messages of one kind of line; natives are placed when all are known."""

    shapes: Shapes = field(default_factory=Shapes)
    rows: list["_Taken"] = field(default_factory=list)


class RowReader:
    """Takes messages into a chunk."""

    def __init__(
        self,
        chunk: Chunk,
        folder: Path,
        cleaner: Cleaner,
        now: datetime,
        keys: dict[str, int],
        plan: TrackingPlan | None,
    ) -> None:
        """keys: places of the chunk's keys; grows. plan: that messages are held to."""
        self._chunk = chunk
        self._folder = folder
        self._cleaner = cleaner
        self._now = now
        self._received = time_field(now)
        self._keys = keys
        self._plan = plan
        self._rows_by_kind: dict[tuple[str, bool, bool], _Rows] = {}

    def take_all(self, rows: Iterable[tuple[int, Row | BadRow]]) -> None:
        """Take rows with their places in the chunk."""
        for place, row in rows:
            if isinstance(row, BadRow):
                self._chunk.refused.append(Refused(row.line, row.reason, row.text))
            else:
                self._take(place, row)

    def _take(self, place: int, row: Row) -> None:
        raw: RawMessage = row.message
        message = take(raw, now=self._now, made_id=raw.get("id") or "")
        if not isinstance(message, Message):
            self._refuse(row, message)
            return
        verdict = FINE if self._plan is None else self._plan.judge(message)
        if verdict.refused:
            self._refuse(row, verdict.violations)
            return
        cleaned = self._cleaner.clean(message.identifiers)
        if not cleaned.identifiers:
            self._refuse(row, (nobody(cleaned.problems),))
            return
        for problem in (*cleaned.problems, *verdict.violations):
            self._chunk.warn(problem.code, f"line {row.line}: {problem.message}")
        self._put(place, message, row.made_id, cleaned, verdict.violations)

    def _refuse(self, row: Row, problems: tuple[Any, ...]) -> None:
        reason = " ".join(problem.message for problem in problems)
        kept = rejection_row(str(row.message.get("id")), row.message, problems, self._now)
        violates = any(problem.code is ProblemCode.PLAN for problem in problems)
        self._chunk.refused.append(Refused(row.line, reason, row.text, kept, row.made_id, violates))

    def _put(
        self, place: int, message: Message, made_id: bool, cleaned: Cleaned, violations: Sequence[Problem]
    ) -> None:
        is_event = message.type is MessageType.TRACK
        ordinal = (self._chunk.number << CHUNK_SHIFT) + place
        at, source = time_field(message.at), message.source
        fields = [source, message.name] if is_event else [message.type.value, source]
        self._chunk.tell_latest(ordinal, message)
        self._chunk.trait_names.update(message.traits)
        if violations:
            self._chunk.violating.append(ordinal)
        natives: dict[tuple[str, str], str] = {}
        if is_event:
            told = {"violations": [problem.message for problem in violations]} if violations else {}
            natives, late = split_natives({**native_scalars(message.properties, EVENT_PREFIX), **told})
            if late:
                self._chunk.late.append(Late("Event", message.id, late, ordinal))
            fields += [orjson.dumps(message.properties).decode(), orjson.dumps(message.context).decode()]
        fields += [at, self._received]
        left_out = [f"{one.code.value} {one.identifier}" for one in cleaned.problems if one.code in RETAKEN]
        if any(ARRAY_DELIMITER in text for text in left_out):
            label = "Event" if is_event else "Statement"
            self._chunk.late.append(Late(label, message.id, {"dropped": left_out}, ordinal))
            fields.append("")
        elif left_out:
            fields.append(ARRAY_DELIMITER.join(left_out))
        multiline = MARKS.search("".join((message.id, *fields, *natives.values()))) is not None
        kind = ("Event" if is_event else "Statement", bool(left_out), multiline)
        rows = self._rows_by_kind.setdefault(kind, _Rows())
        keys = tuple(self._place_of(one) for one in cleaned.identifiers)
        written = DELIMITER.join([quoted(text) for text in fields] if multiline else [text or EMPTY for text in fields])
        rows.rows.append(_Taken(place, message, made_id, keys, written, natives))
        rows.shapes.place(natives)

    def _place_of(self, identifier: Identifier) -> int:
        return self._keys.setdefault(identifier.key, len(self._keys))

    def finish(self) -> None:
        """Write the parts."""
        for (label, partial, multiline), rows in self._rows_by_kind.items():
            base = EVENT_FIELDS if label == "Event" else STATEMENT_FIELDS
            fixed = (*base, "dropped:string[]") if partial else base
            labels = f"{label}:Partial" if partial else label
            by_shape: dict[int, list[_Taken]] = {}
            for row in rows.rows:
                by_shape.setdefault(rows.shapes.place(row.natives), []).append(row)
            for number, some in by_shape.items():
                columns = sorted(rows.shapes.columns[number])
                fields = (*fixed, *(f"{name}:{type_}" for name, type_ in columns))
                self._write(Shape(labels, fields, multiline), some, columns)

    def _write(self, shape: Shape, rows: list[_Taken], columns: list[tuple[str, str]]) -> None:
        width = max(len(row.keys) for row in rows)
        base = self._chunk.number << CHUNK_SHIFT
        given: dict[str, Any] = {
            "ordinal": pa.array([base + row.place for row in rows], pa.int64()),
            "id": pa.array([row.message.id for row in rows], pa.string()),
            "made": pa.array([row.made_id for row in rows], pa.bool_()),
            "at": pa.array([microseconds(row.message.at) for row in rows], pa.int64()),
            "type": pa.array([TYPES.index(row.message.type) for row in rows], pa.int8()),
            "source": pa.array([row.message.source for row in rows], pa.string()),
            "tail": pa.array([_line(row, columns) for row in rows], pa.large_string()),
        }
        if any(row.message.traits for row in rows):
            texts = [orjson.dumps(row.message.traits).decode() if row.message.traits else None for row in rows]
            given["traits"] = pa.array(texts, pa.large_string())
        for slot in range(width):
            places = [row.keys[slot] if slot < len(row.keys) else -1 for row in rows]
            given[f"s{slot}"] = pa.array(places, pa.int32())
        path = self._folder / f"{self._chunk.number}-{len(self._chunk.parts)}.arrow"
        write_table(path, pa.table(given))
        self._chunk.parts.append((shape, path))


def _line(row: _Taken, columns: list[tuple[str, str]]) -> str:
    more = (quoted(row.natives[column]) if column in row.natives else "" for column in columns)
    return DELIMITER.join((row.fields, *more))
