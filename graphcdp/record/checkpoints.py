"""How far imports of files have come, kept in the graph: one that was stopped goes on. Source: docs/import.md."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from graphcdp.model.errors import ImportFileError
from graphcdp.record.files import Format
from graphcdp.record.load import LoadReport
from graphcdp.record.mapping import ImportMapping
from graphcdp.store import Store, Transaction

HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where an import stands.

    report: what became of the file's first rows, `report.read` of them. rejected:
    the file of bad rows, rejected_bytes: how much of it tells of those rows.
    """

    report: LoadReport
    rejected: str
    rejected_bytes: int
    started: datetime
    updated: datetime
    finished: datetime | None = None


def import_key(
    path: Path,
    mapping: ImportMapping | None,
    *,
    format_: Format | None = None,
    delimiter: str | None = None,
    source: str | None = None,
) -> str:
    """What an import is known by: the file as it is now, and all that decides which messages its rows become.

    The file is told by its place, size, time of change and first HEAD_BYTES; one
    that was changed is another. Raises ImportFileError when it cannot be read.
    """
    try:
        stat = path.stat()
        with path.open("rb") as file:
            head = hashlib.sha256(file.read(HEAD_BYTES)).hexdigest()
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}.") from error
    read_as = [None if mapping is None else mapping.model_dump_json(), format_, delimiter, source]
    told = [str(path.resolve()), stat.st_size, stat.st_mtime_ns, head, *read_as]
    # A path may hold bytes that are no text.
    return hashlib.sha256(repr(told).encode(errors="surrogateescape")).hexdigest()


async def checkpoints(store: Store, keys: list[str]) -> dict[str, Checkpoint]:
    """Where imports stand, by key; without those that were never begun."""
    return {
        row["key"]: Checkpoint(
            LoadReport.from_json(row["report"]),
            row["rejected"],
            row["bytes"],
            row["started"],
            row["updated"],
            row["finished"],
        )
        for row in await store.read("record/import_stands", keys=keys)
    }


async def keep_checkpoint(
    store: Store,
    key: str,
    path: Path,
    report: LoadReport,
    *,
    rejected: Path,
    rejected_bytes: int,
    started: datetime,
    now: datetime,
    finished: bool = False,
) -> None:
    """Keep where an import stands: after its rows are acknowledged, and its bad ones kept. Raises DatabaseError."""

    async def keep(tx: Transaction) -> None:
        # No customer.
        tx.concerns(())
        await tx.run(
            "record/import_reached",
            key=key,
            path=text_of(path),
            rows=report.read,
            report=report.to_json(),
            rejected=text_of(rejected),
            bytes=rejected_bytes,
            started=started,
            finished=finished,
            now=now,
        )

    await store.transact(keep)


def text_of(path: Path) -> str:
    """The absolute path as text that the database can hold."""
    return str(path.absolute()).encode(errors="replace").decode()
