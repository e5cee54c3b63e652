"""What reading one chunk of a file gives: messages as columns, and what could not be a message.

A Part holds messages whose lines in the import files have one header. Its table
has these columns, one row a message:

    ordinal   int64    place of the row among all rows of the import
    id        string   of the message; without its number when it is made of the row's content
    at        int64    microseconds since 1970, UTC
    type      int8     index in TYPES
    source    string
    tail      string   all fields of the line that are known by now, joined
    traits    string   JSON, null for none; only where any message states some
    s0, s1 …  int32    identifiers that it names: places in the chunk's keys, -1 for none
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphcdp.model.messages import Message, MessageType
from graphcdp.model.problems import ProblemCode

TYPES = (MessageType.TRACK, MessageType.IDENTIFY, MessageType.ALIAS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK_SHIFT = 32
"""An ordinal is the chunk's number, shifted by so many bits, and the row's place in the chunk."""

EVENT_FIELDS = (
    "source:string",
    "name:string",
    "json:string",
    "context:string",
    "at:datetime",
    "receivedAt:datetime",
)
STATEMENT_FIELDS = ("type:string", "source:string", "at:datetime", "receivedAt:datetime")


@dataclass(frozen=True, slots=True)
class Shape:
    """labels: of the nodes, joined with colons. fields: of the tail, `name:type`. multiline: text may hold breaks."""

    labels: str
    fields: tuple[str, ...]
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no message, or one that cannot be recorded; then `kept` is what the graph keeps of it.

    made_id: the message's id is made of the row's content, and not numbered yet.
    violates: the tracking plan refused it.
    """

    line: int
    reason: str
    text: str
    kept: dict[str, Any] | None = None
    made_id: bool = False
    violates: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """Properties that no import file can hold: set when the database runs.

    label: of the node; id: its id. ordinal: of the row, for a message; its id is known when all rows are.
    """

    label: str
    id: str
    properties: dict[str, Any]
    ordinal: int | None = None


@dataclass(slots=True)
class Chunk:
    """A chunk that was read.

    paths: of its parts' tables, shape by shape. keys: file with the distinct keys
    that it names. rows: how many there were. violating: ordinals of messages that break
    the tracking plan and are recorded. latest: the last message of each source, with its
    ordinal. trait_names: names of all traits that are stated.
    """

    number: int
    file: Path
    keys: Path
    parts: list[tuple[Shape, Path]] = field(default_factory=list)
    rows: int = 0
    refused: list[Refused] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    warnings: Counter[ProblemCode] = field(default_factory=Counter)
    first_warnings: dict[ProblemCode, str] = field(default_factory=dict)
    violating: list[int] = field(default_factory=list)
    latest: dict[str, tuple[int, Message]] = field(default_factory=dict)
    trait_names: set[str] = field(default_factory=set)

    def tell_latest(self, ordinal: int, message: Message) -> None:
        """Remember a message if it is the last of its source."""
        known = self.latest.get(message.source)
        if known is None or known[0] < ordinal:
            self.latest[message.source] = ordinal, message

    def warn(self, code: ProblemCode, text: str, count: int = 1) -> None:
        """Count a warning."""
        self.warnings[code] += count
        self.first_warnings.setdefault(code, text)


def microseconds(at: datetime) -> int:
    """A time as a table has it."""
    return (at - EPOCH) // timedelta(microseconds=1)


def time_field(at: datetime) -> str:
    """A time as a field has it; UTC."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def write_table(path: Path, table: pa.Table) -> None:
    """Keep a table on the disk."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A table that `write_table` wrote; mapped, so that it costs memory only where it is looked at."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return table if columns is None else table.select([name for name in columns if name in table.column_names])


def slots(table: pa.Table) -> list[str]:
    """The columns of a part's identifiers."""
    return [name for name in table.column_names if name[0] == "s" and name[1:].isdigit()]
